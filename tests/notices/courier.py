"""A courier for tests: it keeps what it delivered, and answers as it is told to."""

from dataclasses import dataclass, field

from core.ports import Address, Answer, ChannelClosed, Delivered, Message, OpenedThread, RetryAfter
from core.rules.states import Channel


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as its reader got it."""

    to: Address
    message: Message
    nonce: str


@dataclass
class KeepingCourier:
    """The port Courier. `closed` are the people whose DMs are closed; `answers` come first, one a call.

    `opened` are the threads that it opened, by id from 9001 on: channel and name.
    """

    closed: set[int] = field(default_factory=set)
    answers: list[Answer | Exception] = field(default_factory=list)
    always: Answer | None = None
    in_threads: Answer | None = None
    sent: list[Sent] = field(default_factory=list)
    asked: list[Address] = field(default_factory=list)
    opened: list[tuple[int, str]] = field(default_factory=list)
    opening: list[ChannelClosed | RetryAfter] = field(default_factory=list)

    async def send(self, address: Address, message: Message, nonce: str) -> Answer:
        self.asked.append(address)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if self.always is not None:
            return self.always
        if address.channel is Channel.THREAD and self.in_threads is not None:
            return self.in_threads
        if address.channel is Channel.DM and address.discord_id in self.closed:
            return ChannelClosed("403 50007")
        # As Discord does with an enforced nonce: a repeat is the first message again.
        for number, earlier in enumerate(self.sent):
            if (earlier.to, earlier.nonce) == (address, nonce):
                return Delivered(number + 1)
        self.sent.append(Sent(address, message, nonce))
        return Delivered(len(self.sent))

    async def open_thread(self, channel_id: int, name: str) -> OpenedThread | ChannelClosed | RetryAfter:
        if self.opening:
            return self.opening.pop(0)
        self.opened.append((channel_id, name))
        return OpenedThread(9000 + len(self.opened))

    @property
    def texts(self) -> list[str]:
        return [f"{each.message.title}\n{each.message.text}" for each in self.sent]
