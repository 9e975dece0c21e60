# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The comparison of `autod --diff --json`, as the two texts for Ansible's --diff. Pure.

Owns: the wording of both sides, and the remaining work. Must not know: how autod compares, or what follows.
"""

from __future__ import annotations

ACTIONS = {"add": "add", "replace": "replace", "delete": "delete", "begin": "begin"}


class Comparison:
    """An object with `event` "comparison"."""

    def __init__(self, event):
        self.missing = {difference["connection"]: difference for difference in event["missing"]}
        self.different = {difference["connection"]: difference for difference in event["different"]}
        self.extra = list(event["extra"])
        self.foreign = list(event["foreign"])
        self.refused = list(event["refused"])
        self.doubtful = {doubt["connection"]: doubt["why"] for doubt in event["doubtful"]}
        self.uncompared = {hidden["connection"]: list(hidden["settings"]) for hidden in event["uncompared"]}

    @property
    def wanting(self):
        """Connections of the configuration that pluto does not have, or has in another form."""
        return [*self.missing, *self.different]

    @property
    def settled(self):
        """Whether nothing remains to be done, and nothing is refused or doubtful."""
        return not (self.missing or self.different or self.extra or self.refused or self.doubtful)

    def sides(self, names):
        """Lines of both sides for these connections: as pluto has them, and as the configuration has them."""
        before, after = [], []
        for name in names:
            difference = self.different.get(name)
            if difference is None:
                (after if name in self.missing else before).append(f"conn {name}")
                continue
            before.append(f"conn {name}")
            after.append(f"conn {name}")
            for detail in difference["details"]:
                before.append("    {}={}".format(detail["setting"], _shown(detail["loaded"])))
                after.append("    {}={}".format(detail["setting"], _shown(detail["configured"])))
            before += [f"    # loaded as well: {other}" for other in difference["surplus"]]
            loaded = set(difference["names"]) - set(difference["elements"])
            after += [
                f"    # {part}" for part in difference["elements"] if part not in loaded and part != name
            ]
        return before, after


def _shown(value):
    return "" if value is None else value


def steps_of(answer):
    """The steps that a dry run would take, and those that it would leave out, each as a dict."""
    return [
        {key: step[key] for key in ("action", "connection", "names", "takes_down", "siblings")}
        for step in answer.of_kind("step")
    ]


def text_of_step(step):
    """A step as a line for people."""
    down = step["takes_down"]
    return "{} {}{}".format(
        step["action"],
        step["connection"],
        " (takes down {})".format(", ".join(down)) if down else "",
    )
