"""What every page shows around its content: navigation, banners, the queue's count."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from egress.models import Cluster
from egress.models.standing import Standing
from egress.selectors.attention import Attention
from egress.selectors.notifications import UNREAD_COUNTED
from egress.services.convergence.upgrading import older_sentence
from egress.web.standing import frame_in, standing_in


@dataclass(frozen=True)
class Link:
    """One entry of the navigation. `current` is the value of `aria-current`, empty elsewhere."""

    name: str
    label: str
    url: str
    icon: str
    current: str = ""
    count: int = 0


@dataclass(frozen=True)
class Section:
    """Entries of the navigation that belong together."""

    heading: str
    links: tuple[Link, ...]


class Portal:
    """The frame of a page. Everything is read when a template asks for it, and only once."""

    version = settings.VERSION

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def standing(self) -> Standing:
        """What the person may do where."""
        return standing_in(self._request)

    @property
    def is_admin(self) -> bool:
        """Whether the person administers the portal."""
        return self.standing.is_admin

    @property
    def is_auditor(self) -> bool:
        """Whether the person reads everything."""
        return self.standing.is_auditor

    @property
    def is_approver(self) -> bool:
        """Whether the person decides requests, by a right of their own or a lent one."""
        return self.standing.decides

    @property
    def has_queue(self) -> bool:
        """Whether the queue is of use: to approvers always, to others while it holds something.

        A rule may demand the word of somebody's team, whatever their roles.
        """
        return self.is_approver or self.queue_count > 0

    @property
    def role_words(self) -> str:
        """The roles of the person in words."""
        roles = (
            ("admin", self.is_admin),
            ("approver", self.is_approver),
            ("auditor", self.is_auditor),
            ("break-glass", bool(self.standing.break_glass)),
        )
        return ", ".join(word for word, held in roles if held) or "developer"

    @cached_property
    def _frame(self) -> tuple[list[Cluster], Attention]:
        return frame_in(self._request)

    @property
    def _clusters(self) -> list[Cluster]:
        return self._frame[0]

    @cached_property
    def sandbox(self) -> str:
        """A sentence when something here is a sandbox, empty otherwise."""
        if not self._request.user.is_authenticated:
            # Names of clusters are for people who signed in.
            return "Nothing here is a real cluster." if settings.DEMO else ""
        names = [cluster.name for cluster in self._clusters if cluster.is_sandbox]
        if not names:
            return ""
        subject = f"Cluster {names[0]} is" if len(names) == 1 else f"{', '.join(names)} are"
        return f"{subject} for trying the portal, not a real mesh."

    @cached_property
    def unreachable(self) -> list[Cluster]:
        """Clusters that did not answer, as far as the person may know of them."""
        if not self._request.user.is_authenticated:
            return []
        return [cluster for cluster in self._clusters if not cluster.reachable]

    @cached_property
    def read_only(self) -> list[Cluster]:
        """Clusters that this version leaves alone, because a newer one writes to them."""
        if not self._request.user.is_authenticated:
            return []
        return [cluster for cluster in self._clusters if older_sentence(cluster)]

    @property
    def _attention(self) -> Attention:
        return self._frame[1]

    @property
    def queue_count(self) -> int:
        """How many requests wait for this person's decision."""
        return self._attention.to_decide

    @property
    def look_count(self) -> int:
        """How many openings by break-glass wait for this person's second look."""
        return self._attention.to_look_at

    @property
    def confirm_count(self) -> int:
        """How many grants wait for this person to confirm or drop them."""
        return self._attention.to_confirm

    @cached_property
    def unread(self) -> str:
        """How many notifications are unread, as the bell shows it: empty, a number, or "9+"."""
        count = self._attention.unread
        return "9+" if count >= UNREAD_COUNTED else str(count or "")

    @cached_property
    def navigation(self) -> tuple[Section, ...]:
        """The navigation, as far as it is of use to the person."""
        work = [
            self._link("Home", "home", "home"),
            self._link("New request", "request-new", "plus"),
            self._link("Requests", "requests", "list"),
        ]
        if self.has_queue:
            work.append(self._link("Queue", "queue", "inbox", self.queue_count))
        if self.standing.may_own or self.standing.sees_everything:
            count = self.confirm_count
            work.append(self._link("Recertification", "recertification", "renew", count))
        known = [
            self._link("Grants", "grants", "key"),
            self._link("Access check", "access-check", "route"),
            self._link("Catalogue", "catalogue", "book"),
            self._link("Clusters", "clusters", "server"),
            self._link("Audit", "audit", "ledger"),
        ]
        if self.is_approver or self.standing.sees_everything or self.standing.break_glass:
            known.insert(1, self._link("Break-glass", "break-glass", "alert"))
        own = [self._link("Account", "account", "person")]
        if self.is_admin:
            own.insert(0, self._link("Administration", "administration", "settings"))
        return (
            Section("", tuple(work)),
            Section("Records", tuple(known)),
            Section("You", tuple(own)),
        )

    def _link(self, label: str, name: str, icon: str, count: int = 0) -> Link:
        url = reverse(name)
        path = self._request.path
        below = path.startswith(f"{url.rstrip('/')}/") and url != "/"
        if path == reverse("request-new") != url:
            # It has an entry of its own beside that of all requests.
            below = False
        current = "page" if path == url else "true" if below else ""
        return Link(name, label, url, icon, current, count)


def portal(request: HttpRequest) -> dict[str, object]:
    """Return the frame of the page under the name `portal`."""
    return {"portal": Portal(request)}
