"""Many machines: procrastinate, on the PostgreSQL that everything is in, carries batch ids.

It decides where and when a batch is brought. Whether a message was sent is decided by the lease and
the record (:mod:`bypost.delivery.deliver`), as on one machine: the engine runs a job at least once.
"""

from bypost.cluster.engine import prepare, with_engine
from bypost.cluster.worker import run_worker

__all__ = ["prepare", "run_worker", "with_engine"]
