# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The options of all modules of this collection, for ansible-doc."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils.autod.OPTIONS."""

    DOCUMENTATION = r"""
options:
  program:
    description: The autod to run, on the gateway. A name is looked for in C(PATH).
    type: str
    default: autod
  ctlsocket:
    description: pluto's control socket, if it is not C(/run/pluto/pluto.ctl).
    type: path
  config:
    description: The C(ipsec.conf), if it is not C(/etc/ipsec.conf).
    type: path
requirements:
  - autod on the gateway (the role P(libreswan.autod.install#role) installs it)
  - the right to use pluto's control socket, which is root's (C(become))
author:
  - the authors of autod (@libreswan)
notes:
  - A failure has autod's own sentence, its exit status as RV(ignore:rc), and the cause, if it is known.
"""
