"""Shell completion: shtab's script for `git-ml`, kinds and refs included; for bash what git's own calls."""

from __future__ import annotations

from gitml.cli.parser import Parser, parser
from gitml.cli.verbs import VERBS
from gitml.cli.words import FOLDER, Argument

# Readline breaks words at : = and @ as well; what is offered replaces what stands behind the last : or =, or from the
# last @ on.
_BASH = r"""
_gitml_offer() {
  local end="${1##*[:=]}"
  case "$end" in *@*) end="@${end##*@}" ;; esac
  local start="${1%"$end"}"
  local IFS=$'\n'
  local word
  for word in $(compgen -W "$2" -- "$1"); do printf '%s\n' "${word#"$start"}"; done
}
_gitml_kinds() {
  compgen -W "$(git-ml list --format csv 2> /dev/null | sed -n '2,$s/,.*//p') {kinds}" -- "$1" | sort -u
}
_gitml_refs() {
  case "$1" in
    */*)
      local kind="${1%%/*}"
      _gitml_offer "$1" "$({ git-ml list "$kind" --columns ref --format csv
        git-ml list "$kind-version" --columns ref --format csv; } 2> /dev/null | grep /)" ;;
    *) compopt -o nospace 2> /dev/null; compgen -S / -W "{heads}" -- "$1" ;;
  esac
}
_gitml_revisions() {
  compgen -W "staged worktree $(git for-each-ref --format='%(refname:short)' refs/heads refs/tags 2> /dev/null)" -- "$1"
}
_gitml_branches() {
  compgen -W "$(git for-each-ref --format='%(refname:short)' refs/heads 2> /dev/null)" -- "$1"
}
"""
# The line is broken anew, at spaces alone. `git ml <TAB>` is git's own completion, which calls _git_ml: what stands
# before `ml` is git's.
_WORDS = r"""
_gitml_complete() {
  local line="${COMP_LINE:0:COMP_POINT}" typed start=0
  read -ra typed <<< "$line"
  case "$line" in *[[:space:]]) typed+=("") ;; esac
  if [ "${typed[0]}" = git ]; then
    while [ "$start" -lt "${#typed[@]}" ] && [ "${typed[start]}" != ml ]; do start=$((start + 1)); done
  fi
  local COMP_WORDS=(git-ml "${typed[@]:start + 1}")
  local COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _shtab_git_ml
}
_git_ml() { _gitml_complete; }
complete -o bashdefault -F _gitml_complete git-ml gitml
"""
_FUNCTIONS = {"kind": "_gitml_kinds", "ref": "_gitml_refs", "revision": "_gitml_revisions", "branch": "_gitml_branches"}


def script(shell: str) -> str:
    """The completion script of a shell."""
    import shtab

    whole = parser()
    whole.prog = "git-ml"
    for verb in VERBS.values():
        for argument in verb.arguments:
            _complete(whole.verbs[verb.name], argument)
    _complete(whole, FOLDER)
    told = shtab.complete(whole, shell=shell, preamble=_bash() if shell == "bash" else "")
    return told + _WORDS if shell == "bash" else f"{told}\n"


def _bash() -> str:
    from gitml.repo.packaged import files

    kinds = sorted(name.removesuffix(".yaml") for name in files() if name not in {"meta-schema.yaml", "store.yaml"})
    heads = [kind for kind in kinds if not kind.endswith("-version")]
    return _BASH.replace("{kinds}", " ".join(kinds)).replace("{heads}", " ".join(heads))


def _complete(place: Parser, argument: Argument) -> None:
    """Tell shtab what stands at an argument."""
    import shtab

    known = {"file": shtab.FILE, "folder": shtab.DIRECTORY}
    how = known.get(argument.completes) or {"bash": _FUNCTIONS.get(argument.completes, "")}
    for action in place.actions():
        if argument.completes and (action.dest in argument.names or set(argument.names) & set(action.option_strings)):
            action.complete = how  # type: ignore[attr-defined]  # shtab's own attribute
