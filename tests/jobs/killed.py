"""A process that says when it is in the middle of a delivery, and never ends it: to be killed.

Started as `python -m tests.jobs.killed DATABASE_URL`.
"""

import asyncio
import sys

from core.db.unit import Database
from core.ports import Address, Answer, Message, OpenedThread
from tests.clocks import SettableClock
from tests.jobs.real import a_real_engine, real_jobs


class StuckCourier:
    """The port Courier: it begins to send."""

    async def send(self, address: Address, message: Message, nonce: str) -> Answer:
        sys.stdout.write(f"sending {nonce}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def open_thread(self, channel_id: int, name: str) -> OpenedThread:
        raise AssertionError("nobody's messages are closed")


async def main(url: str) -> None:
    db = Database(url, SettableClock())
    jobs = real_jobs(db, StuckCourier(), a_real_engine(db))
    await jobs.start()
    await jobs.run_due()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
