"""What a person or their screen reader would stumble over on a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": WCAG}}
RUN = "options => axe.run(options).then(found => found.violations)"
PASSING_THE_EDGE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > root.clientWidth + 1)
    .map(one => `${one.tagName.toLowerCase()}.${one.className} passes the edge`)
    .slice(0, 5);
}"""
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
