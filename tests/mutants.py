"""Leaves of a cosmic-ray session what mutmut does not change: whatever runs when a module is imported.

That is the constants, the tables, the defaults of fields, the decorators, and `_row`, which makes a table's rows.
Run by `nox -s mutate` as `python tests/mutants.py session.sqlite`; docs/mutants.md says what came out.
"""

import re
import sys

from cosmic_ray.work_db import WorkDB, use_db  # pyright: ignore[reportMissingImports]
from cosmic_ray.work_item import (  # pyright: ignore[reportMissingImports]
    MutationSpec,
    WorkerOutcome,
    WorkResult,
)

# `**` in front of a mapping and `|` between types are taken for arithmetic: no such module can be imported.
IMPOSSIBLE = re.compile(r"core/ReplaceBinaryOperator_(Pow|BitOr)_")


def is_at_import(mutation: MutationSpec) -> bool:
    """Whether the changed part is run by the import of its module."""
    name = mutation.definition_name
    is_outside = name is None or name == "_row" or name[0].isupper()
    return is_outside and not IMPOSSIBLE.match(mutation.operator_name)


def main(path: str) -> None:
    """Mark everything else as skipped, and say how much is left."""
    with use_db(path, mode=WorkDB.Mode.open) as db:
        items = list(db.work_items)
        others = [item.job_id for item in items if not all(map(is_at_import, item.mutations))]
        db.set_multiple_results(others, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
    print(len(items) - len(others), "mutants")


if __name__ == "__main__":
    main(sys.argv[1])
