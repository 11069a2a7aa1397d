"""A book of depth: whatever comes, it is what that amounts to, or it is empty and broken."""

from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import DepthLevel
from tapewire.common.events.beside import LEVELS_MAX
from tapewire.gateway.feeds.book import Book
from tapewire.gateway.market_feed import BookChange

LEVELS = st.builds(DepthLevel, st.floats(-1e9, 1e9), st.floats(0, 1e9))
PLACES = st.one_of(st.integers(0, 12), st.sampled_from([-1, 10**6, 2**70]))
CHANGES = st.builds(
    BookChange, st.just("AAPL"), st.sampled_from(["insert", "update", "delete", "begin"]),
    st.booleans(), PLACES, LEVELS, st.just(""),
)  # fmt: skip


def change(operation: str, place: int, price: float = 1.0, *, is_bid: bool = True) -> BookChange:
    return BookChange("AAPL", operation, is_bid, place, DepthLevel(price, 5.0))


def prices(book: Book) -> tuple[list[float], list[float]]:
    return [one.price for one in book.bids], [one.price for one in book.asks]


def of(*changes: BookChange) -> Book:
    book = Book()
    book.apply(changes)
    return book


def test_an_insert_moves_back_what_is_behind_it_and_a_delete_moves_it_up():
    book = of(change("insert", 0, 3.0), change("insert", 0, 4.0), change("insert", 1, 3.5))
    assert prices(book) == ([4.0, 3.5, 3.0], [])
    book.apply([change("delete", 0), change("update", 1, 2.9)])
    assert prices(book) == ([3.5, 2.9], [])
    book.apply([change("insert", 0, 3.6, is_bid=False)])
    assert prices(book) == ([3.5, 2.9], [3.6])


def test_an_update_behind_the_last_level_is_an_insert():
    assert prices(of(change("update", 0, 1.0), change("update", 1, 0.9))) == ([1.0, 0.9], [])


def test_what_cannot_be_empties_the_book_until_it_begins_again():
    for operation, place in (("delete", 1), ("update", 2), ("insert", 2), ("delete", -1)):
        odd = change(operation, place)
        book = of(change("insert", 0), odd, change("insert", 0))
        assert (prices(book), book.fault != "") == (([], []), True)
        book.apply([BookChange("AAPL", "begin"), change("insert", 0, 7.0)])
        assert (prices(book), book.fault) == (([7.0], []), "")


def test_the_sentence_says_what_could_not_be():
    assert of(change("delete", 10**6)).fault == "delete of bid 1e+06, and there are 0 of them"


def test_a_flood_of_inserts_ends():
    book = of(*[change("insert", 0)] * (LEVELS_MAX + 1))
    assert (len(book.bids), book.fault != "") == (0, True)


@given(st.lists(CHANGES, max_size=60))
def test_it_is_what_a_plain_model_of_places_says(changes: list[BookChange]):
    book, model, broken = Book(), {True: {}, False: {}}, False
    for one in changes:
        book.apply([one])
        side = model[one.is_bid]  # level by place
        is_there = one.place in side
        if one.operation == "begin":
            model, broken = {True: {}, False: {}}, False
        elif broken:
            pass
        elif one.operation == "delete" and is_there:
            model[one.is_bid] = {p - (p > one.place): v for p, v in side.items() if p != one.place}
        elif one.operation == "update" and is_there:
            side[one.place] = one.level
        elif one.operation != "delete" and (is_there or one.place == len(side)):
            moved = {p + (p >= one.place): v for p, v in side.items()}
            model[one.is_bid] = {**moved, one.place: one.level}
        else:
            model, broken = {True: {}, False: {}}, True
        assert (book.fault != "") == broken
        for is_bid, levels in ((True, book.bids), (False, book.asks)):
            assert levels == [model[is_bid][place] for place in range(len(model[is_bid]))]
