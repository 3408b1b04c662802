"""What is true of a community after every act, each as one query that finds what breaks it."""

from typing import Any

from sqlalchemy import func, select, text

from core.db.tables import mentors, seats
from core.db.unit import Database
from core.rules.states import SeatState

BREACHES: dict[str, str] = {
    "a pack's balance is its ledger's sum (1)": """
        SELECT packs.id FROM packs LEFT JOIN ledger ON ledger.pack_id = packs.id
        GROUP BY packs.id, packs.remaining HAVING packs.remaining <> COALESCE(SUM(ledger.delta), 0)""",
    "the ledger's last word is the balance (1)": """
        SELECT packs.id FROM packs JOIN ledger ON ledger.pack_id = packs.id
        WHERE ledger.id = (SELECT MAX(id) FROM ledger AS l WHERE l.pack_id = packs.id)
        AND ledger.balance <> packs.remaining""",
    "0 <= balance <= total (1)": "SELECT id FROM packs WHERE remaining < 0 OR remaining > total",
    "holds are scheduled sessions, and covered (2)": """
        SELECT packs.id FROM packs LEFT JOIN sessions ON sessions.pack_id = packs.id AND sessions.state = 'scheduled'
        GROUP BY packs.id, packs.held, packs.remaining
        HAVING packs.held <> COUNT(sessions.id) OR packs.held > packs.remaining""",
    "a session consumes once less than it is restored, or never (4)": """
        SELECT session_id FROM ledger WHERE session_id IS NOT NULL
        GROUP BY session_id HAVING -SUM(delta) NOT IN (0, 1)""",
    "a completed session is consumed once (20)": """
        SELECT sessions.id FROM sessions LEFT JOIN ledger ON ledger.session_id = sessions.id
        WHERE sessions.state = 'completed' GROUP BY sessions.id HAVING COALESCE(SUM(ledger.delta), 0) <> -1""",
    "what is scheduled is not consumed (2)": """
        SELECT sessions.id FROM sessions JOIN ledger ON ledger.session_id = sessions.id
        WHERE sessions.state = 'scheduled' GROUP BY sessions.id HAVING SUM(ledger.delta) <> 0""",
    "a grace end in grace, and nowhere else (9)": """
        SELECT id FROM seats WHERE (state = 'grace') <> (grace_ends_at IS NOT NULL)""",
    "in grace nothing is scheduled (9)": """
        SELECT seats.id FROM seats JOIN sessions
        ON sessions.student_id = seats.student_id AND sessions.mentor_id = seats.mentor_id
        WHERE seats.state = 'grace' AND sessions.state = 'scheduled'""",
    "one live seat a pair (6)": """
        SELECT MIN(id) FROM seats WHERE state <> 'released' GROUP BY student_id, mentor_id HAVING COUNT(*) > 1""",
    "no two live blocks of a member overlap (15)": """
        SELECT a.id FROM calendar_blocks AS a JOIN calendar_blocks AS b
        ON a.member_id = b.member_id AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
        WHERE a.live AND b.live""",
    "what is scheduled blocks both calendars (15)": """
        SELECT sessions.id FROM sessions LEFT JOIN calendar_blocks
        ON calendar_blocks.session_id = sessions.id AND calendar_blocks.live
        WHERE sessions.state = 'scheduled' GROUP BY sessions.id HAVING COUNT(calendar_blocks.id) <> 2""",
    "a fulfilled order has one pack and was paid (25)": """
        SELECT orders.id FROM orders LEFT JOIN packs ON packs.order_id = orders.id
        LEFT JOIN payments ON payments.order_id = orders.id
        WHERE orders.state = 'fulfilled' AND (packs.id IS NULL OR payments.id IS NULL)""",
    "no pack without a fulfilled order or a grant, and with its money goes the pack (25, 28)": """
        SELECT packs.id FROM packs LEFT JOIN orders ON orders.id = packs.order_id
        WHERE packs.granted_by IS NULL AND orders.state <> 'fulfilled'
        AND (orders.state <> 'refunded' OR packs.state <> 'refunded')""",
    "what went back of a payment is its refunds that are done (28, 31)": """
        SELECT payments.id FROM payments
        LEFT JOIN refunds ON refunds.payment_id = payments.id AND refunds.state = 'done'
        GROUP BY payments.id, payments.refunded_minor
        HAVING payments.refunded_minor <> COALESCE(SUM(refunds.amount_minor), 0)""",
    "no payment gives more than it was (31)": """
        SELECT id FROM payments WHERE refunded_minor < 0 OR lost_minor < 0
        OR refunded_minor + lost_minor > amount_minor""",
    "what was lost is what its disputes took, and not more than was left (29, 31)": """
        SELECT id FROM (
            SELECT payments.id, lost_minor, payments.amount_minor - refunded_minor AS kept,
            COALESCE(SUM(CASE WHEN reason = 'reversed' THEN 0 ELSE disputes.amount_minor END), 0) AS disputed,
            COALESCE(SUM(CASE WHEN reason = 'reversed' THEN disputes.amount_minor ELSE 0 END), 0) AS reversed
            FROM payments LEFT JOIN disputes ON disputes.payment_id = payments.id AND disputes.outcome = 'lost'
            GROUP BY payments.id, payments.lost_minor, payments.amount_minor, payments.refunded_minor) AS books
        WHERE lost_minor <> CASE WHEN kept <= disputed OR kept <= reversed THEN kept
                            WHEN disputed < reversed THEN reversed ELSE disputed END""",
    "nothing is owed of what has gone (28)": """
        SELECT payments.id FROM payments JOIN refunds ON refunds.payment_id = payments.id
        AND refunds.state IN ('done', 'failed')
        GROUP BY payments.id, payments.amount_minor, payments.lost_minor
        HAVING SUM(refunds.amount_minor) + payments.lost_minor > payments.amount_minor""",
    "a second payment goes back, and all that was paid for a refunded order (25, 27, 28)": """
        SELECT payments.id FROM payments JOIN orders ON orders.id = payments.order_id
        LEFT JOIN refunds ON refunds.payment_id = payments.id AND refunds.state <> 'replaced'
        WHERE (orders.state = 'refunded'
               OR payments.id <> (SELECT MIN(id) FROM payments AS p WHERE p.order_id = payments.order_id))
        AND NOT EXISTS (SELECT id FROM disputes WHERE disputes.payment_id = payments.id AND outcome IS NOT NULL)
        GROUP BY payments.id, payments.amount_minor, payments.lost_minor
        HAVING COALESCE(SUM(refunds.amount_minor), 0) + payments.lost_minor < payments.amount_minor""",
    "one pack an order (25)": """
        SELECT MIN(id) FROM packs WHERE order_id IS NOT NULL GROUP BY order_id HAVING COUNT(*) > 1""",
    "what is frozen for a dispute has one, and what is disputed is frozen (29)": """
        SELECT packs.id FROM packs LEFT JOIN (
            SELECT order_id, MIN(payments.id) AS payment_id FROM payments JOIN disputes
            ON disputes.payment_id = payments.id AND outcome IS NULL GROUP BY order_id) AS disputed
        ON disputed.order_id = packs.order_id
        WHERE (frozen_for = 'dispute' AND disputed.payment_id IS NULL)
        OR (packs.state = 'active' AND remaining > 0 AND frozen_at IS NULL
            AND disputed.payment_id = (SELECT MIN(id) FROM payments AS p WHERE p.order_id = packs.order_id))""",
    "a grace stands still while a payment of its pair is disputed (29)": """
        SELECT seats.id FROM seats LEFT JOIN (
            SELECT DISTINCT student_id, mentor_id FROM orders JOIN payments ON payments.order_id = orders.id
            JOIN disputes ON disputes.payment_id = payments.id AND outcome IS NULL) AS disputed
        ON disputed.student_id = seats.student_id AND disputed.mentor_id = seats.mentor_id
        WHERE (grace_stopped_at IS NOT NULL) <> (seats.state = 'grace' AND disputed.student_id IS NOT NULL)""",
    "a code is used no more than it may be (26)": """
        SELECT codes.id FROM codes JOIN orders ON orders.code_id = codes.id
        AND orders.state IN ('open', 'pending', 'parked', 'fulfilled')
        GROUP BY codes.id, codes.most_uses HAVING COUNT(*) > codes.most_uses""",
    "one unsettled order a pair (8)": """
        SELECT MIN(id) FROM orders WHERE state IN ('open', 'pending')
        GROUP BY student_id, mentor_id HAVING COUNT(*) > 1""",
    "a held seat has an unsettled or parked order (8, 26)": """
        SELECT seats.id FROM seats LEFT JOIN orders ON orders.student_id = seats.student_id
        AND orders.mentor_id = seats.mentor_id AND orders.state IN ('open', 'pending', 'parked')
        WHERE seats.state = 'held' AND orders.id IS NULL""",
    "whoever has sessions left has a seat, or they are frozen (6)": """
        SELECT packs.id FROM packs LEFT JOIN seats ON seats.student_id = packs.student_id
        AND seats.mentor_id = packs.mentor_id AND seats.state <> 'released'
        WHERE packs.state = 'active' AND packs.remaining > 0 AND packs.frozen_at IS NULL AND seats.id IS NULL""",
    "history is an unbroken path (37)": """
        SELECT later.id FROM history AS later JOIN history AS earlier
        ON earlier.entity = later.entity AND earlier.entity_id = later.entity_id
        AND earlier.id = (SELECT MAX(id) FROM history AS h
                          WHERE h.entity = later.entity AND h.entity_id = later.entity_id AND h.id < later.id)
        WHERE later.entity IN ('seat', 'pack', 'order', 'session')
        AND (later.before IS NULL OR later.before <> earlier.after)""",
}


_LAST_WORD = """
    SELECT {table}.id FROM {table} LEFT JOIN history ON history.entity = '{entity}' AND history.entity_id = {table}.id
    AND history.id = (SELECT MAX(id) FROM history AS h WHERE h.entity = '{entity}' AND h.entity_id = {table}.id)
    WHERE history.after IS NULL OR history.after <> {table}.state"""
_STATEFUL = {"seat": "seats", "pack": "packs", "order": "orders", "session": "sessions"}

BREACHES |= {
    f"history's last word is the {entity}'s state (37)": _LAST_WORD.format(entity=entity, table=table)
    for entity, table in _STATEFUL.items()
}


_INVARIANTS = list(BREACHES)
_ALL_BREACHES = text(
    " UNION ALL ".join(
        f"SELECT {number}, breach.* FROM ({query}) AS breach"  # noqa: S608 # ours, above
        for number, query in enumerate(BREACHES.values())
    )
)


async def breaches(db: Database) -> dict[str, list[int]]:
    """Every invariant that does not hold, with the ids of the rows that break it. All are asked for at once."""
    found: dict[str, list[int]] = {}
    async with db.look() as tx:
        rows: list[tuple[Any, ...]] = [tuple(row.values()) for row in await tx.all(_ALL_BREACHES)]
    for number, row_id in rows:
        found.setdefault(_INVARIANTS[number], []).append(row_id)
    return found


async def occupied(db: Database) -> dict[int, tuple[int, int]]:
    """For each mentor, how many of their places are taken, and how many they have (7)."""
    async with db.look() as tx:
        rows = await tx.all(
            select(mentors.c.member_id, mentors.c.capacity, func.count(seats.c.id).label("taken"))
            .outerjoin(seats, (seats.c.mentor_id == mentors.c.member_id) & (seats.c.state != SeatState.RELEASED))
            .group_by(mentors.c.member_id, mentors.c.capacity)
        )
    return {row["member_id"]: (row["taken"], row["capacity"]) for row in rows}
