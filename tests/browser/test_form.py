"""The request form: what is typed stays, what it would do is shown, and no script is needed."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import story
from tests.browser.conftest import OpenWindow
from tests.browser.story import Story
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
REASON = "Prices are \"fetched\" nightly.\nAsk <Finance> & 'Sales'."
TYPED = {
    "Namespace": "shop",
    "Service account (optional)": "web",
    "Host": "exa mple_.com",
    "Port": "70000",
    "Reason": REASON,
    "Ticket link (optional)": "EGRESS-12",
}


def fill(page: Page, fields: dict[str, str]) -> None:
    for label, text in fields.items():
        page.get_by_label(label, exact=True).fill(text)


def test_what_was_typed_stays_after_an_error(window: OpenWindow) -> None:
    page = window("dana").expect(422).page
    page.goto("/requests/new")
    fill(page, TYPED)
    page.get_by_label("Your code speaks").select_option("gRPC in clear text")
    page.get_by_label("The mesh adds TLS").check()
    page.get_by_label("Duration").select_option("30 days")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("alert")).to_contain_text("This was not sent")
    for label, text in TYPED.items():
        expect(page.get_by_label(label, exact=True)).to_have_value(text)
    expect(page.get_by_label("Your code speaks")).to_have_value("GRPC")
    expect(page.get_by_label("The mesh adds TLS")).to_be_checked()
    expect(page.get_by_label("Duration")).to_have_value("30")


def test_an_error_leads_to_its_field(window: OpenWindow) -> None:
    page = window("dana").expect(422).page
    page.goto("/requests/new")
    fill(page, {"Namespace": "shop", "Host": "exa mple_.com", "Reason": "Prices."})
    page.get_by_role("button", name="Send the request").click()
    page.get_by_role("alert").get_by_role("link").first.click()
    host = page.get_by_label("Host", exact=True)
    expect(host).to_be_focused()
    expect(host).to_have_attribute("aria-invalid", "true")
    sentence = page.locator("#hint-destinations-0-host")
    expect(sentence).to_contain_text("exa mple_.com")
    # Mended, the mark goes away without sending.
    host.fill("prices.example.com")
    expect(sentence.locator(".error-text")).to_have_count(0)
    expect(host).not_to_have_attribute("aria-invalid", "true")


def test_the_preview_follows_the_typing(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Nothing to show yet")
    fill(page, {"Namespace": "data", "Host": " Larkfield.S3.amazonaws.COM. "})
    expect(preview).to_contain_text("larkfield.s3.amazonaws.com:443")
    expect(preview).to_contain_text("alice")
    warning = "Many owners share"
    expect(page.locator("#hint-destinations-0-host")).to_contain_text(warning)
    expect(preview.locator(".finding").filter(has_text=warning)).to_be_visible()
    expect(preview.get_by_role("region", name="Changes in the mesh")).to_contain_text(
        "+kind: ServiceEntry"
    )
    preview.get_by_text("Objects as YAML").first.click()
    expect(preview.locator("#preview-yaml")).to_contain_text("- larkfield.s3.amazonaws.com")
    page.get_by_label("Port", exact=True).fill("15001")
    expect(page.locator("#hint-destinations-0-port")).to_contain_text("Istio keeps ports")
    expect(page.get_by_label("Port", exact=True)).to_have_attribute("aria-invalid", "true")


def test_a_host_that_is_granted_already_is_told(window: OpenWindow, told: Story) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    fill(page, {"Namespace": "shop", "Host": "developers.google.com"})
    expect(page.locator("#preview .findings")).to_contain_text("developers.google.com")


@pytest.mark.parametrize(
    ("pasted", "rows"),
    [
        (
            "https://user:hunter2@api.parcels.example.com/v2/labels?key=1#top",
            ["api.parcels.example.com:443"],
        ),
        (
            "curl -sS -X POST 'http://hooks.parcels.example.com:8080/in' -H 'Accept: a/b' -d '{}'",
            ["hooks.parcels.example.com:8080"],
        ),
        (
            "one.example.com\ntwo.example.com:8443\nhttps://three.example.com/x",
            ["one.example.com:443", "two.example.com:8443", "three.example.com:443"],
        ),
    ],
    ids=["URL", "curl", "list"],
)
def test_pasted_text_becomes_rows(window: OpenWindow, pasted: str, rows: list[str]) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    fill(page, {"Namespace": "shop", "Reason": "Labels.", "Paste here": pasted})
    page.get_by_role("button", name="Turn into destinations").click()
    hosts, ports = page.get_by_label("Host", exact=True), page.get_by_label("Port", exact=True)
    expect(page.get_by_label("Paste here")).to_have_value("")
    expect(hosts).to_have_count(len(rows))
    found = zip(hosts.all(), ports.all(), strict=True)
    assert [f"{host.input_value()}:{port.input_value()}" for host, port in found] == rows
    expect(page.get_by_label("Reason")).to_have_value("Labels.")
    expect(page.locator("#preview")).to_contain_text(rows[-1])
    assert "hunter2" not in page.content()


def test_rows_come_and_go_and_keep_the_rest(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    fill(page, {"Namespace": "shop", "Host": "first.example.com"})
    page.get_by_role("button", name="Add a destination").click()
    hosts = page.get_by_label("Host", exact=True)
    expect(hosts).to_have_count(2)
    expect(hosts.nth(1)).to_be_focused()
    page.keyboard.type("second.example.com")
    page.get_by_role("button", name="Remove destination 1").click()
    expect(hosts).to_have_count(1)
    expect(hosts).to_have_value("second.example.com")
    expect(hosts).to_be_focused()
    expect(page.get_by_label("Namespace", exact=True)).to_have_value("shop")


def test_a_preset_fills_rows(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    page.get_by_label("A service of the catalogue").fill("ECB exchange rates")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Host", exact=True)).to_have_value("www.ecb.europa.eu")
    expect(page.get_by_label("The mesh adds TLS")).to_be_checked()
    expect(page.locator("#preset-options option[value*=Twilio]")).to_have_count(0)


def test_a_deep_link_fills_everything(window: OpenWindow) -> None:
    link = {
        "cluster": "sandbox",
        "namespace": "data",
        "service_account": "etl",
        "host": "link.example.com",
        "port": "8443",
        "protocol": "TLS",
        "reason": REASON,
        "ticket": "https://tickets.larkfield.example/7",
        "duration_days": "45",
    }
    page = window("dana").page
    page.goto(f"/requests/new?{urlencode(link)}")
    for name, text in link.items():
        field = f"destinations-0-{name}" if name in ("host", "port", "protocol") else name
        expect(page.locator(f"#id-{field}")).to_have_value(text)
    expect(page.locator("#preview")).to_contain_text("link.example.com:8443")


def test_a_clone_asks_for_the_same(window: OpenWindow, told: Story) -> None:
    page = window("dana").page
    page.goto(f"/requests/{told.requests['denied']}")
    page.get_by_role("link", name="Clone").click()
    expect(page.get_by_label("Host", exact=True)).to_have_value("paste.public-notes.example.com")
    expect(page.get_by_label("Namespace", exact=True)).to_have_value("data")


def test_only_ones_own_namespaces_are_suggested(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    suggested = page.locator("#namespace-options option")
    assert options(page, "namespace-options") == ["data", "legacy", "otherns", "search", "shop"]
    page.get_by_label("Namespace", exact=True).press_sequentially("sh")
    expect(suggested).to_have_count(1)
    assert options(page, "namespace-options") == ["shop"]
    page.get_by_label("Namespace", exact=True).press_sequentially("op")
    page.get_by_label("Service account").focus()
    expect(page.locator("#account-options option")).to_have_count(3)
    assert options(page, "account-options") == ["checkout", "default", "web"]
    # Somebody else's namespace is neither suggested nor described.
    fill(page, {"Namespace": "payments"})
    expect(suggested).to_have_count(0)
    page.get_by_label("Service account").focus()
    expect(page.locator("#account-options option")).to_have_count(0)


def options(page: Page, of: str) -> list[str]:
    found = page.locator(f"#{of} option").all()
    return [str(option.get_attribute("value")) for option in found]


def test_asking_and_approving_need_no_script(portal: Portal, window: OpenWindow) -> None:
    page = window("dana", scripts=False).page
    page.goto("/requests/new")
    fill(page, {"Namespace": "shop", "Host": "no-script.example.com", "Reason": "Old machines."})
    page.get_by_role("button", name="Check without sending").click()
    expect(page.locator("#preview")).to_contain_text("no-script.example.com:443")
    expect(page.get_by_label("Reason")).to_have_value("Old machines.")
    page.get_by_role("button", name="Add a destination").click()
    page.get_by_label("Host", exact=True).nth(1).fill("no-script-2.example.com")
    page.get_by_role("button", name="Send the request").click()
    page.wait_for_url(re.compile(r"/requests/\d+$"))
    number = page.url.rpartition("/")[2]
    decide = window("alice", scripts=False).page
    decide.goto("/queue")
    decide.locator("[data-row]").filter(has_text="no-script.example.com").locator("summary").click()
    decide.get_by_role("link", name=f"Open request {number}").click()
    decide.get_by_label("no-script-2.example.com:443").uncheck()
    decide.get_by_role("button", name="Approve what is ticked").click()
    expect(decide.locator("main")).to_contain_text(f"Request {number} is approved")
    asked = portal.api("dana", "GET", f"requests/{number}/")["destinations"]
    assert [one["verdict"] for one in asked] == ["approved", "denied"]


def test_the_page_follows_a_decision_by_itself(portal: Portal, window: OpenWindow) -> None:
    number = story.ask(portal, "dana", "shop", "follow.example.com")
    page = window("dana").page
    page.goto(f"/requests/{number}")
    expect(page.locator(".lead")).to_contain_text("Pending")
    portal.approve(number)
    expect(page.locator(".lead")).to_contain_text("Approved")
    expect(page.locator(".grant-progress")).to_contain_text("Active")
    expect(page.locator(".grant-progress .step")).to_contain_text("Written")


def test_the_page_never_reloads_over_what_somebody_types(
    portal: Portal, window: OpenWindow
) -> None:
    number = story.ask(portal, "dana", "shop", "typing.example.com")
    page = window("dana").page
    page.goto(f"/requests/{number}")
    page.get_by_label("Write a comment").fill("I only wanted to say")
    page.get_by_role("heading", level=1).click()  # written, but not in the field any more
    portal.approve(number)
    notice = page.locator("[data-follow]")
    expect(notice).to_contain_text("This request has changed: it is approved now")
    expect(page.get_by_label("Write a comment")).to_have_value("I only wanted to say")
    notice.get_by_role("link").click()
    expect(page.locator(".lead")).to_contain_text("Approved")


def test_the_page_never_reloads_over_half_a_decision(portal: Portal, window: OpenWindow) -> None:
    number = story.ask(portal, "dana", "shop", "half-1.example.com", "half-2.example.com")
    page = window("alice").page
    page.goto(f"/requests/{number}")
    page.get_by_label("half-2.example.com:443").uncheck()
    page.get_by_role("heading", level=1).click()
    portal.api("dana", "POST", f"requests/{number}/withdraw/", {})
    expect(page.locator("[data-follow]")).to_contain_text("it is withdrawn now")
    expect(page.get_by_label("half-2.example.com:443")).not_to_be_checked()


def test_a_press_right_after_typing_is_not_lost(window: OpenWindow) -> None:
    page = window("dana").page
    page.clock.install()
    page.goto("/requests/new")
    held: list[Route] = []
    page.route("**/requests/new", lambda route: held.append(route))
    fill(page, {"Namespace": "shop", "Host": "quick.example.com"})
    with page.expect_request("**/requests/new"):
        page.get_by_role("button", name="Add a destination").click()
    page.clock.fast_forward(1000)  # now the preview of the typing is due, before the answer
    held[0].continue_()
    expect(page.get_by_label("Host", exact=True)).to_have_count(2)
    expect(page.locator("#preview")).to_contain_text("quick.example.com:443")
