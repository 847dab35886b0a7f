"""The embedded store of a workspace: the only code that speaks SQL or writes in ``.mm/``."""

from mm_jupyter.store.fsck import Fault
from mm_jupyter.store.gc import Collected
from mm_jupyter.store.locks import Lock
from mm_jupyter.store.store import Store
from mm_jupyter.store.writer import Writer

__all__ = ["Collected", "Fault", "Lock", "Store", "Writer"]
