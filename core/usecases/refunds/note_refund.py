"""One refund at the provider is known to us, whoever made it and by whatever road we hear of it (rule 28).

The answer to our own request, a webhook, a list that we asked for: each ends here, and once a refund.
"""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select

from core.db import orders as db_orders
from core.db import refunds as db_refunds
from core.db.history import PROVIDER, Change, record
from core.db.notices import Owed, owe
from core.db.tables import refunds
from core.db.unit import Transaction
from core.ports import RefundNews
from core.rules.notices import NoticeKind
from core.rules.states import OrderState, PackState, RefundState
from core.usecases.refunds.take_sessions import Taking, field_of, take_all
from core.usecases.seats.free_held import free_held_seat

ON_ITS_PAGES = "refunded on the provider's own pages"


async def note_refund(tx: Transaction, payment: RowMapping, news: RefundNews) -> None:
    """The refund is in the books, with what it means for sessions. Told again, it changes nothing.

    One that failed is as one that was made and failed afterwards: in whatever order the news come, the end is the same.
    """
    if news.currency != payment["currency"]:
        raise ValueError(f"payment {payment['id']} is not in the currency of its refund {news.refund_ref}")
    known = await db_refunds.refunds_of_payment(tx, payment["id"])
    refund = recognised(known, news)
    if refund is None:
        await _note_another(tx, payment, news, known)
    elif news.failed is not None:
        await _fail(tx, payment, refund, news)
        await trim_owed(tx, payment)  # a dispute may have taken the money before we heard that it was ours again
    elif refund["state"] is RefundState.INTENDED or _was_made_after_all(refund):
        await _done(tx, payment, refund, news)
    elif refund["provider_ref"] is None:
        await tx.run(db_refunds.note_ref(refund["id"], news.refund_ref))


def recognised(known: Sequence[RowMapping], news: RefundNews) -> RowMapping | None:
    """The row that this refund has here: by the provider's name for it, or by ours.

    Without ours: the one of the same amount that we are about to ask for. Should it not be that one after all, then
    somebody was quicker than we, and nobody wants it twice. So it is, too, if the row of our name was given up since,
    and paid by hand or asked for anew: this is other money than what was paid by hand, and what was asked for anew.
    """
    for refund in known:
        if refund["provider_ref"] == news.refund_ref:
            return refund
    unnamed = [each for each in known if each["provider_ref"] is None and each["amount_minor"] == news.amount_minor]
    ours = next((each for each in unnamed if each["id"] == news.refund_id), None)
    other_money = (RefundState.DONE, RefundState.REPLACED)
    if news.failed is not None or (ours is not None and ours["state"] not in other_money):
        return ours
    if news.refund_id is not None and ours is None:
        return None  # of another payment or amount
    return next((each for each in unnamed if each["state"] is RefundState.INTENDED), None)


def _was_made_after_all(refund: RowMapping) -> bool:
    """Whether we gave it up, as we had no answer or a no, and it has no name of the provider's yet.

    Staff may have said since that it is not owed: if it was made, then it counts.
    """
    given_up = (RefundState.FAILED, RefundState.NOT_OWED)
    return refund["state"] in given_up and refund["provider_ref"] is None


async def _done(tx: Transaction, payment: RowMapping, refund: RowMapping, news: RefundNews) -> None:
    """Our own refund is made: what it takes was taken when it was asked for."""
    if not await db_refunds.move_refund(tx, refund, RefundState.DONE, ref=news.refund_ref, done_at=news.at):
        raise RuntimeError(f"refund {refund['id']} changed without the lock on its order")
    change = Change("refund", refund["id"], refund["state"], RefundState.DONE, "refund")
    await tx.write_all(
        db_refunds.count_refunded(payment["id"], refund["amount_minor"]),
        record(payment["community_id"], tx.now, PROVIDER, change),
    )


async def _fail(tx: Transaction, payment: RowMapping, refund: RowMapping, news: RefundNews) -> None:
    """Its money did not go, or came back: it is owed again, and staff see to it. Nothing is given back to the student.

    Of one that failed before nothing is news: staff may have paid it by hand since.
    """
    if refund["failed_at"] is not None or refund["state"] not in (RefundState.INTENDED, RefundState.DONE):
        if refund["provider_ref"] is None:
            await tx.run(db_refunds.note_ref(refund["id"], news.refund_ref))
        return
    was_counted = refund["state"] is RefundState.DONE
    await fail_refund(tx, payment, refund, news.failed or "", ref=news.refund_ref)
    if was_counted:
        await tx.run(db_refunds.count_refunded(payment["id"], -refund["amount_minor"]))


async def fail_refund(
    tx: Transaction, payment: RowMapping, refund: RowMapping, why: str, *, ref: str | None = None
) -> None:
    """The refund failed, for staff to see to. Whoever calls holds the lock on its order, and has read it under that."""
    if not await db_refunds.move_refund(tx, refund, RefundState.FAILED, ref=ref, failed_at=tx.now, why=why):
        raise RuntimeError(f"refund {refund['id']} changed without the lock on its order")
    change = Change("refund", refund["id"], refund["state"], RefundState.FAILED, "fail", why)
    await tx.write_all(
        record(payment["community_id"], tx.now, PROVIDER, change),
        owe(
            tx,
            payment["community_id"],
            Owed(NoticeKind.REFUND_FAILED, payment["order_id"], payment["student_id"], cycle=refund["id"]),
            Owed(NoticeKind.REFUND_FAILED_STAFF, payment["order_id"], None, cycle=refund["id"]),
        ),
    )


async def _note_another(tx: Transaction, payment: RowMapping, news: RefundNews, known: Sequence[RowMapping]) -> None:
    """A refund that we did not ask for: made on the provider's pages, or our own a second time."""
    mended = _mended_by(known, news)
    if mended is not None:
        await _replace(tx, payment, mended)
    refund_id = await db_refunds.insert_seen(tx, payment["id"], news.amount_minor, news.refund_ref)
    refund = (await tx.run(select(refunds).where(refunds.c.id == refund_id))).mappings().one()
    seen = Change("refund", refund_id, None, RefundState.INTENDED, "see", ON_ITS_PAGES)
    await tx.run(record(payment["community_id"], tx.now, PROVIDER, seen))
    if news.failed is None:
        await _done(tx, payment, refund, news)
    if mended is not None:
        await tx.run(db_refunds.decide_refund(tx, refund_id, 0))
        if mended["state"] is RefundState.FAILED:  # else they know it from staff
            told = Owed(NoticeKind.REFUNDED, payment["order_id"], payment["student_id"], refund_id)
            await tx.run(owe(tx, payment["community_id"], told))
    else:
        await _take_for(tx, payment, refund_id)
        await _tell(tx, payment, refund_id)
    if news.failed is not None:
        await _fail(tx, payment, refund, news)
    await trim_owed(tx, payment)


def _mended_by(known: Sequence[RowMapping], news: RefundNews) -> RowMapping | None:
    """The failed refund that staff made good by this one: of the same amount, and still owed if there is such a one.

    Else one that they said they had paid, if this one was made by then: what is made later is other money.
    """
    if news.failed is not None:
        return None
    failed = [each for each in known if each["failed_at"] is not None and each["amount_minor"] == news.amount_minor]
    owed = (each for each in failed if each["state"] is RefundState.FAILED)
    paid = (each for each in failed if each["state"] is RefundState.DONE and each["by_hand_at"] >= news.at)
    return next(owed, None) or next(paid, None)


async def _replace(tx: Transaction, payment: RowMapping, refund: RowMapping) -> None:
    """The failed refund is owed no longer; counted as paid by hand before, it is not counted twice."""
    replaced = RefundState.REPLACED
    await db_refunds.move_refund(tx, refund, replaced, failed_at=refund["failed_at"], why=refund["last_error"])
    change = Change("refund", refund["id"], refund["state"], replaced, "replace")
    await tx.run(record(payment["community_id"], tx.now, PROVIDER, change))
    if refund["state"] is RefundState.DONE:
        await tx.run(db_refunds.count_refunded(payment["id"], -refund["amount_minor"]))


async def _take_for(tx: Transaction, payment: RowMapping, refund_id: int) -> None:
    """All sessions if all of the money went; else none, and staff are asked how many (rule 28)."""
    if (await db_refunds.given_back(tx, payment["id"])).in_full:
        plan = await take_all(tx, payment, Taking(PROVIDER, ON_ITS_PAGES))
        await tx.run(db_refunds.decide_refund(tx, refund_id, plan.taking if plan else 0))
        await tx.run(db_refunds.close_questions(tx, payment["id"]))
        if plan is None:
            await end_parked(tx, payment, ON_ITS_PAGES)
    elif not await _can_take(tx, payment):
        await tx.run(db_refunds.decide_refund(tx, refund_id, 0))


async def _can_take(tx: Transaction, payment: RowMapping) -> bool:
    if payment["pack_id"] is None or not payment["is_first"]:
        return False
    ground = (await field_of(tx, payment["student_id"], payment["mentor_id"], payment["pack_id"])).ground
    return ground.pack.state is not PackState.REFUNDED and ground.unused > 0


async def end_parked(tx: Transaction, payment: RowMapping, why: str) -> None:
    """Money that waited for staff has gone: there is nothing to decide, and a seat that was held for it is free."""
    if not payment["is_first"] or payment["order_state"] is not OrderState.PARKED:
        return
    order = await db_orders.for_deciding(tx, payment["community_id"], payment["order_id"])
    if order is None:
        raise LookupError(f"order {payment['order_id']} is locked and gone")
    await db_orders.move_order(tx, order["id"], OrderState.PARKED, OrderState.REFUNDED)
    changes = [Change("order", order["id"], OrderState.PARKED, OrderState.REFUNDED, "refund", why)]
    changes += await free_held_seat(tx, order, why)
    await tx.run(record(payment["community_id"], tx.now, PROVIDER, *changes))


async def _tell(tx: Transaction, payment: RowMapping, refund_id: int) -> None:
    order_id = payment["order_id"]
    await tx.run(
        owe(
            tx,
            payment["community_id"],
            Owed(NoticeKind.REFUNDED, order_id, payment["student_id"], refund_id),
            Owed(NoticeKind.REFUND_SEEN_STAFF, order_id, None, refund_id),
        )
    )


async def trim_owed(tx: Transaction, payment: RowMapping) -> None:
    """No failed refund is owed for money that went in another way since: what is owed and gone is never over all."""
    books = await db_refunds.given_back(tx, payment["id"])
    over = books.refunded_minor + books.lost_minor - books.paid_minor
    for refund in await db_refunds.refunds_of_payment(tx, payment["id"]):
        if over > 0 and refund["state"] is RefundState.FAILED:
            less = min(over, refund["amount_minor"])
            over -= less
            if less == refund["amount_minor"]:
                await _replace(tx, payment, refund)
            else:
                await tx.run(db_refunds.owe_less(refund["id"], less))
