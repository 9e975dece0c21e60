"""Makes contrib/completion from the parser, with shtab: `python -m tests.generators.completion` does it."""

from __future__ import annotations

from pathlib import Path

from autod.cli.parser import WORDS, build_full_parser

FOLDER = Path(__file__).parents[2] / "contrib" / "completion"
PREAMBLE = {
    "bash": (
        "# $1=COMP_WORDS[1]\n"
        "_autod_names() {\n"
        f'  [ "$COMP_CWORD" = 1 ] && compgen -W "{" ".join(WORDS)}" -- "$1"\n'
        '  compgen -W "$(autod --complete 2>/dev/null)" -- "$1"\n'
        "}"
    ),
    "zsh": (
        "_autod_names() {\n"
        "  local -a names\n"
        '  names=(${(f)"$(autod --complete 2>/dev/null)"})\n'
        "  _describe connection names\n"
        "}"
    ),
}


def make() -> None:
    """Write both files."""
    import shtab

    FOLDER.mkdir(exist_ok=True)
    for shell, name in (("bash", "autod.bash"), ("zsh", "_autod")):
        text = shtab.complete(build_full_parser(), shell, preamble=PREAMBLE)
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    make()
