"""What the screenshots of the documentation show, and as whom."""

from datetime import UTC, datetime

from tests.browser.pages import Stop

SHOTS = {
    "home": Stop("home", "dana", "/"),
    "home-of-an-approver": Stop("home", "alice", "/"),
    "new-request": Stop(
        "request-new",
        "dana",
        "/requests/new?cluster=sandbox&namespace=shop&host=api.stripe.com&port=443"
        "&reason=Customers+pay+by+card.&duration_days=90",
    ),
    "request": Stop("request", "alice", "/requests/{requests[pending]}"),
    "request-that-fails": Stop("request", "dana", "/requests/{requests[failing]}"),
    "queue": Stop("queue", "alice", "/queue"),
    "grants": Stop("grants", "olga", "/grants?status=all"),
    "matrix": Stop("grants-matrix", "olga", "/grants/matrix?status=all"),
    "grant": Stop("grant", "dana", "/grants/{grants[denied-by-default]}"),
    "access-check": Stop(
        "access-check",
        "dana",
        "/access?cluster=sandbox&namespace=otherns&service_account=sleep-yahoo"
        "&host=developer.yahoo.com&port=443",
    ),
    "access-over-time": Stop(
        "access-history",
        "olga",
        "/access/history?host=old.parcels.example.com&cluster=sandbox&namespace=shop&port=443"
        f"&at={datetime.now(UTC):%Y-%m-%d}",
    ),
    "audit": Stop("audit", "olga", "/audit"),
    "catalogue": Stop("catalogue", "dana", "/catalogue"),
    "cluster": Stop("cluster", "adam", "/clusters/sandbox"),
    "namespace": Stop("namespace", "adam", "/clusters/sandbox/namespaces/otherns"),
    "default-deny": Stop(
        "namespace-default-deny", "dana", "/clusters/sandbox/namespaces/data/default-deny"
    ),
    "people": Stop("people", "adam", "/people"),
    "notifications": Stop("notifications", "dana", "/notifications"),
    "account": Stop("account", "dana", "/account"),
    "style": Stop("style", "dana", "/style"),
}
PRESSED = {"queue": ".queue-summary"}
"""What is pressed before the picture is taken, and brings a form with it."""
STEADY = """() => {
  const now = new Date(), minute = 60000, day = 1440 * minute, close = 15 * minute;
  const fixed = Date.UTC(2026, 10, 16, 9, 30);
  for (const time of document.querySelectorAll("time[datetime]")) {
    const away = Date.parse(time.dateTime) - now;
    if (Math.abs(away) < close) time.textContent = away > 0 ? "in 5 minutes" : "5 minutes ago";
  }
  // What lies a number of days from now was made by the story; other times were typed.
  function steady(found) {
    const away = Date.parse(found.replace(" ", "T") + "Z") - now;
    const days = Math.round(away / day);
    if (Math.abs(away - days * day) > close) return found;
    const moved = new Date(fixed + days * day).toISOString().replace("T", " ");
    return moved.slice(0, found.length);
  }
  const exact = /\\b\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d(:\\d\\d)?\\b/g;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(exact, steady);
}"""
"""Times of a story that happened just now differ at every run; pictures of it should not."""
