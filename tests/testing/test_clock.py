"""Time that passes when nothing else is to do, and real work that it does not overtake."""

from __future__ import annotations

import asyncio
import socket
import threading
from itertools import pairwise

import anyio
import anyio.to_thread
import pytest

import midtrace as mt
from midtrace.testing import InlineEngine, Pause, Scripted, VirtualTimeLoop, virtual_time

WEEK = 7 * 24 * 3600.0


def work() -> int:
    """Takes some real time, and ends without anybody's help."""
    return sum(range(1_000_000))


def fine(text: str) -> None:
    return None


@virtual_time
async def test_a_week_of_sleep() -> None:
    await asyncio.sleep(WEEK)
    await anyio.sleep(1)

    assert asyncio.get_running_loop().time() == pytest.approx(WEEK + 1)


@virtual_time
async def test_timers_run_in_the_order_of_their_times() -> None:
    loop = asyncio.get_running_loop()
    seen: list[tuple[str, float]] = []

    def ring(name: str) -> None:
        seen.append((name, loop.time()))

    for name, delay in (("c", 30.0), ("a", 0.001), ("b", 20.0)):
        loop.call_later(delay, ring, name)

    await asyncio.sleep(25)
    assert [name for name, _ in seen] == ["a", "b"]

    await asyncio.sleep(25)
    assert [name for name, _ in seen] == ["a", "b", "c"]
    assert [at for _, at in seen] == pytest.approx([0.001, 20, 30])


@virtual_time
async def test_time_stands_still_while_there_is_something_to_do() -> None:
    for _ in range(100):
        await asyncio.sleep(0)

    assert asyncio.get_running_loop().time() == 0


@virtual_time
async def test_limits_of_anyio_and_asyncio() -> None:
    with anyio.move_on_after(60) as scope:
        await asyncio.Event().wait()
    assert scope.cancelled_caught

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60):
            await anyio.sleep_forever()

    assert asyncio.get_running_loop().time() == pytest.approx(120)


@virtual_time
async def test_work_in_a_thread_is_not_overtaken() -> None:
    with anyio.fail_after(60):
        assert await anyio.to_thread.run_sync(work) == work()
    async with asyncio.timeout(60):
        assert await asyncio.to_thread(work) == work()
        assert await asyncio.get_running_loop().run_in_executor(None, work) == work()

    await asyncio.sleep(WEEK)
    assert asyncio.get_running_loop().time() >= WEEK


@virtual_time
async def test_a_thread_may_wait_for_the_clock() -> None:
    """Time goes on at its ordinary speed while a thread is at work; standing still would never end this."""
    await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(asyncio.sleep, 0.02))

    assert asyncio.get_running_loop().time() >= 0.02


@virtual_time
async def test_a_callback_from_another_thread_wakes_the_loop() -> None:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(answer.set_result, "here"))
    thread.start()

    assert await answer == "here"
    assert loop.time() < WEEK
    await asyncio.to_thread(thread.join)


@virtual_time
async def test_a_socket_that_is_ready_comes_before_a_timer() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        await loop.sock_sendall(theirs, b"here")
        async with asyncio.timeout(60):
            assert await loop.sock_recv(ours, 4) == b"here"
    assert loop.time() == 0


def test_what_is_run_keeps_its_arguments_its_answer_and_its_errors() -> None:
    @virtual_time
    async def divided(a: int, *, by: int) -> float:
        """Says what it does."""
        await asyncio.sleep(1)
        return a / by

    assert divided(6, by=3) == 2
    assert divided.__doc__ == "Says what it does."
    with pytest.raises(ZeroDivisionError):
        divided(1, by=0)


async def test_one_loop_does_not_run_in_another() -> None:
    async def nothing() -> None: ...

    with pytest.raises(mt.UsageError, match="no event loop that runs"):
        virtual_time(nothing)()


def test_the_loop_is_a_factory_for_others() -> None:
    async def slept() -> float:
        await anyio.sleep(WEEK)
        return asyncio.get_running_loop().time()

    assert anyio.run(slept, backend_options={"loop_factory": VirtualTimeLoop}) == pytest.approx(WEEK)


@virtual_time
async def test_the_time_limit_of_a_run() -> None:
    source = Scripted(["one\n", Pause(61), "two\n"])
    monitor = mt.Monitor("fine", verify=fine)

    outcome = await mt.Runtime(InlineEngine()).generate(source, "P", monitors=[monitor], limits=mt.Limits(seconds=60))

    assert outcome.status == "exhausted"
    assert outcome.text == "one\n"
    assert asyncio.get_running_loop().time() >= 60


@virtual_time
async def test_back_off_doubles_and_is_never_the_same() -> None:
    times: list[float] = []

    def fails(prefix: str) -> list[BaseException]:
        times.append(asyncio.get_running_loop().time())
        return [mt.SourceError("reset", transient=True)]

    all_waits = set()
    for _ in range(3):
        times.clear()
        outcome = await mt.Runtime(InlineEngine()).generate(
            Scripted(fails), "P", monitors=[mt.Monitor("fine", verify=fine)]
        )
        assert outcome.status == "failed"
        waits = tuple(later - earlier for earlier, later in pairwise(times))
        all_waits.add(waits)
        assert [0.1 * 2**n <= wait <= 0.2 * 2**n + 1e-9 for n, wait in enumerate(waits)] == [True, True]
    assert len(all_waits) == 3
