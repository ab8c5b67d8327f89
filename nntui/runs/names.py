"""Names of runs: made up ones that a person can say aloud, and the check of given ones."""

from __future__ import annotations

import re
import secrets

from nntui.hooks.errors import UserError

ADJECTIVES = (  # noqa: SIM905  # four lines, not a hundred
    "able amber ample bold brave brief bright brisk calm candid clear clever cosy crisp curious daring deft eager "
    "early easy fair fleet fond frank fresh gentle glad golden grand happy hardy honest humble jolly keen kind lively "
    "lucid lucky mellow merry mild modest neat nimble noble odd patient placid plain plucky polite proud quick quiet "
    "rapid ready robust rosy sharp shy silent silver sleek smart snug sober solid spry stable steady stout "
    "subtle sunny sure swift tidy tough trim true vivid warm wary wise witty young zesty"
).split()

ANIMALS = (  # noqa: SIM905
    "adder alpaca ant badger bat bear beaver bee bison boar bream canary carp cat cicada cobra condor coot crab crane "
    "cricket crow deer dingo dove drake duck eagle eel egret elk emu falcon ferret finch fox frog gecko gibbon goat "
    "goose grouse gull hare hawk heron hornet horse ibex ibis jackal jay kestrel kite koala krill lark lemur linnet "
    "lion llama lobster lynx magpie marlin marten mink mole moose moth mouse mule newt ocelot orca osprey otter owl "
    "panda perch pike plover puffin puma quail rabbit ram raven robin rook salmon seal shrew shrike skink sloth snail "
    "snipe sparrow squid stoat stork swan swift tapir teal tern thrush tiger toad trout turtle viper vole wasp weasel "
    "whale wolf wombat wren yak zebra"
).split()

_GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def made_up() -> str:
    """A name such as quick-otter-7.

    Drawn from the system's randomness: `random` may have been seeded by an engine, and would then always say the same.
    """
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(ANIMALS)}-{secrets.randbelow(99) + 1}"


def check_name(name: str) -> str:
    """`name` when it can be a run's, else UserError."""
    if _GIVEN.fullmatch(name) is None:
        path = "; a name is no path: --runs DIR says where runs are" if "/" in name else ""
        raise UserError(
            f"{name!r} cannot be a run's name",
            advice="use letters (a-z, without accents), digits, dots, dashes and underscores, 64 at most, starting "
            f"with a letter or digit{path}",
        )
    return name
