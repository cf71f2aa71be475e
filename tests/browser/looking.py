"""What a person or their screen reader would stumble over on a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": WCAG},
    # Reads style sheets and media once more, for rules that none of these levels has, and sound.
    "preload": False,
}
RUN = "options => axe.run(options).then(found => found.violations)"
PASSING_THE_EDGE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > root.clientWidth + 1)
    .map(one => `${one.tagName.toLowerCase()}.${one.className} passes the edge`)
    .slice(0, 5);
}"""
OUTLINE = """one => {
  const {outlineStyle, outlineWidth, outlineColor} = getComputedStyle(one);
  const isDrawn = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2
    && !/, 0\\)$/.test(outlineColor);
  return isDrawn ? `${outlineStyle} ${outlineWidth} ${outlineColor}` : "";
}"""
TAKE_FOCUS = f"""() => {{
  const outline = {OUTLINE}, one = document.activeElement;
  if (!one || one === document.body) return false;
  const box = [...one.getClientRects()].find(part => part.width > 1 && part.height > 1)
    || one.getBoundingClientRect();
  const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end)) / 2;
  const there = document.elementFromPoint(
    middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight));
  const isInSight = box.width > 1 && box.height > 1 && !!there && one.contains(there);
  (window.walked = window.walked || []).push({{one, isInSight, look: outline(one)}});
  return true;
}}"""
JUDGE_FOCUS = f"""() => {{
  const outline = {OUTLINE};
  return window.walked.map(({{one, isInSight, look}}) => ({{
    name: `${{one.tagName}} ${{one.id || one.textContent.trim().slice(0, 30)}}`,
    isShown: isInSight && look !== "" && look !== outline(one),
  }}));
}}"""
MOST_STEPS = 150
AXE = Axe().axe_script


def barriers(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA, one line for each element."""
    page.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in page.evaluate(RUN, OPTIONS)
        for node in rule["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """Return elements that make the page wider than the window."""
    return list(page.evaluate(PASSING_THE_EDGE))


def walk_of_the_focus(page: Page) -> list[tuple[str, bool]]:
    """Press Tab from the top of the page until the focus leaves it again.

    Returns what had the focus, and whether one saw it there: in sight, and with an outline that
    it has at no other time. Raises AssertionError when the focus never leaves.
    """
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if not page.evaluate(TAKE_FOCUS):
            return [(one["name"], one["isShown"]) for one in page.evaluate(JUDGE_FOCUS)]
    raise AssertionError("The focus never leaves the page again.")
