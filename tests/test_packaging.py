"""What surrounds the code: compose file, image, lock, settings page."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from portal.run import ALLOCATOR

ROOT = Path(__file__).resolve().parent.parent


def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text()
    )
    return loaded


def test_the_compose_file_fits_the_compose_specification() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_long_running_service_has_a_health_check() -> None:
    for name, service in compose()["services"].items():
        assert service.get("restart") == "no" or "healthcheck" in service, name


def test_the_portal_in_compose_reads_its_secrets_from_files() -> None:
    environment = compose()["services"]["web"]["environment"]
    assert isinstance(environment, dict)
    for name in ("SECRET_KEY", "CREDENTIAL_KEYS", "DATABASE_URL", "BROKER_URL"):
        assert f"EGRESS_{name}_FILE" in environment
        assert f"EGRESS_{name}" not in environment


def test_the_image_does_not_run_as_root() -> None:
    last_user = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1]
    assert last_user not in {"root", "0"}


def test_the_image_spares_memory_as_make_run_does() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    for name, value in ALLOCATOR.items():
        assert re.search(rf"^ENV .*\b{name}={value}\b", dockerfile, re.MULTILINE), name


def test_every_locked_requirement_has_a_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if re.match(r"[a-z]", line)]
        assert lines
        assert all("--hash=sha256:" in line for line in lines)


def test_every_setting_is_documented() -> None:
    code = "".join(path.read_text() for path in (ROOT / "portal").glob("*.py"))
    used = set(re.findall(r'"(EGRESS_[A-Z_]+)"', code))
    documented = set(re.findall(r"`(EGRESS_[A-Z_]+)`", (ROOT / "docs/settings.md").read_text()))
    assert used == documented


def test_make_help_lists_the_two_commands_of_a_newcomer() -> None:
    make = shutil.which("make")
    assert make
    done = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "make run" in done.stdout
    assert "make test" in done.stdout
