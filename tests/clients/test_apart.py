"""The plugin stands alone: it knows the portal's API and nothing of its code."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent / "clients" / "kubectl-egress"


def imported(path: Path) -> set[str]:
    """Return the packages that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found


def test_it_imports_what_it_depends_on_and_nothing_of_the_portal() -> None:
    modules = list(ROOT.glob("src/**/*.py"))
    assert len(modules) > 10
    used = set().union(*(imported(path) for path in modules))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {
        re.split(r"[<>=]", one)[0].replace("pyyaml", "yaml") for one in project["dependencies"]
    }
    assert used - set(sys.stdlib_module_names) - {"kubectl_egress"} == needed
    assert project["scripts"] == {"kubectl-egress": "kubectl_egress.__main__:main"}
