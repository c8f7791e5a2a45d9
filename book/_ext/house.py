"""What the rendered book needs beyond its theme.

Formulas without a network, no dead buttons, folded solutions.
"""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

MATHJAX = "tex-chtml-full.js"
FONTS = "output/chtml/fonts/woff-v2"


def bundle_mathjax(app: Sphinx) -> None:
    """Copy one script and its fonts: the whole package is 20 MB."""
    source = Path(str(files("sphinx-mathjax-offline"))) / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    if app.builder.format == "html" and not (target / MATHJAX).exists():
        shutil.copytree(source / FONTS, target / FONTS, dirs_exist_ok=True)
        # Last, because its presence says that the copy is complete.
        shutil.copyfile(source / MATHJAX, target / MATHJAX)


def offer_repository(app: Sphinx, config: Config) -> None:
    """Draw the buttons that need a repository if `_config.yml` names one."""
    options = config.html_theme_options
    address = options.get("repository_url") or ""
    known = [
        host
        for host in ("github", "gitlab", "bitbucket")
        if host in address.split("//")[-1].split("/")[0]
    ]
    if not address:
        options["launch_buttons"] = {}
        return
    # The theme stops at a host it doesn't know; self-hosted forges share
    # GitLab's layout most.
    options["repository_provider"] = known[0] if known else "gitlab"
    options["use_repository_button"] = True
    options["use_issues_button"] = known in (["github"], ["gitlab"])
    if known != ["github"]:
        # Colab opens notebooks from GitHub alone.
        options["launch_buttons"].pop("colab_url", None)


def drop_invented_address(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: Any,
) -> None:
    """Leave out `og:url` without a published address: it can't be relative."""
    if not app.config.ogp_site_url:
        context["metatags"] = re.sub(
            r'<meta property="og:url"[^>]*>\n?',
            "",
            context.get("metatags", ""),
        )


def label_folds(app: Sphinx, doctree: nodes.document) -> None:
    """Name each fold after what is in it: whole cells are solutions."""
    for cell in doctree.findall(nodes.container):
        if cell.get("hide_mode"):
            name = "solution" if cell["hide_mode"] == "all" else "code"
            cell["prompt_show"] = f"Show the {name}"
            cell["prompt_hide"] = f"Hide the {name}"


def setup(app: Sphinx) -> dict[str, Any]:
    app.config.mathjax_path = f"mathjax/{MATHJAX}"
    app.connect("config-inited", offer_repository)
    app.connect("builder-inited", bundle_mathjax)
    app.connect("doctree-read", label_folds)
    app.connect("html-page-context", drop_invented_address, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
