"""What the screenshots of the documentation show, and as whom."""

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
        "&at=2026-01-01&until=2099-01-01",
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
  const now = Date.now(), near = 15 * 60 * 1000;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    if (Math.abs(at - now) < near) time.textContent = at > now ? "in 5 minutes" : "5 minutes ago";
  }
  const exact = /\\b\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d(:\\d\\d)?/g;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data.replace(exact, (found) => "2026-11-16 09:30:00".slice(0, found.length));
  }
}"""
"""Times of a story that happened just now differ at every run; pictures of it should not."""
