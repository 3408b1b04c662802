"""The secret with which another system signs its word about sessions (rule 36)."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.db.history import Change, by_member, record
from core.db.tables import communities, provider_events
from core.db.unit import Transaction, reading, transaction
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, known_staff, staffed

OLD_SECRET_FOR = timedelta(hours=24)
"""While the other system is given the new secret, the one before is good, too."""

_LATEST = 3
_BYTES = 32  # Standard Webhooks asks for 24 to 64


@dataclass(frozen=True, slots=True)
class Secret:
    """Seen whole this once, and never in a log. `number` says the how manyth it is."""

    community_id: int
    secret: str = field(repr=False)
    number: int
    old_until: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that the other system said and that is kept. `why` says of what was not understood where it failed."""

    at: datetime
    kind: str
    why: str | None


@dataclass(frozen=True, slots=True)
class WebhookSetUp:
    """How the completion webhook stands. `number` 0: no secret was made yet, so nothing is taken."""

    community_id: int
    number: int
    old_until: datetime | None
    latest: tuple[Delivery, ...] = ()


@reading
async def webhook_of(tx: Transaction, asker: Asker) -> WebhookSetUp | Refused:
    """For staff, without the secret, with what came last. Two statements."""
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return community
    until = community["webhook_secret_before_until"]
    came = await tx.all(
        select(provider_events.c.received_at, provider_events.c.kind, provider_events.c.why)
        .where(provider_events.c.provider == "sessions", provider_events.c.event_id.startswith(f"{community['id']}:"))
        .order_by(provider_events.c.id.desc())
        .limit(_LATEST)
    )
    return WebhookSetUp(
        community_id=community["id"],
        number=community["webhook_secret_number"],
        old_until=until if until is not None and until > tx.now else None,
        latest=tuple(Delivery(row["received_at"], row["kind"], row["why"]) for row in came),
    )


@transaction
async def new_webhook_secret(tx: Transaction, asker: Asker, number: int, *, at_once: bool = False) -> Secret | Refused:
    """A new secret, made by staff who saw `number` as the present one; of two at once, one makes it.

    The one before is good for a day more, and those before it no longer; `at_once` ends that one, too.
    """
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(_BYTES)).decode()}"
    keeps = number > 0 and not at_once
    until = tx.now + OLD_SECRET_FOR if keeps else None
    made = await tx.value(
        update(communities)
        .where(communities.c.id == who.community_id, communities.c.webhook_secret_number == number)
        .values(
            webhook_secret=secret,
            webhook_secret_number=number + 1,
            webhook_secret_before=communities.c.webhook_secret if keeps else None,
            webhook_secret_before_until=until,
        )
        .returning(communities.c.webhook_secret_number)
    )
    if made is None:
        return refuse(Reason.SECRET_HAS_CHANGED)
    facts = {"number": made, "old_until": until.isoformat() if until else None}
    change = Change("community", who.community_id, "set_up", "set_up", "new webhook secret", facts=facts)
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return Secret(who.community_id, secret, made, until)


@reading
async def webhook_secrets_of(tx: Transaction, community_id: int) -> tuple[str, ...]:
    """What the community's completion webhooks may be signed with now; none if there is no secret, or no community."""
    row = await tx.one(
        select(
            communities.c.webhook_secret,
            communities.c.webhook_secret_before,
            communities.c.webhook_secret_before_until,
        ).where(communities.c.id == community_id)
    )
    if row is None or row["webhook_secret"] is None:
        return ()
    until = row["webhook_secret_before_until"]
    if row["webhook_secret_before"] is None or until is None or until <= tx.now:
        return (row["webhook_secret"],)
    return (row["webhook_secret"], row["webhook_secret_before"])
