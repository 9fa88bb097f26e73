//! Waiting for the client and for the firmware's news at once.

use core::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

/// What came first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came<N, R> {
    /// What the firmware waits for.
    News(N),
    /// A read of what the client sends has ended.
    Read(R),
    /// The time is over.
    Time,
}

/// Waits for news, and for the client, until the time is over. Where both are there the client comes
/// first, unless `news_first`: they take turns by that, so that neither keeps the other waiting.
pub(crate) async fn first<N: Future, R: Future>(
    news_first: bool,
    mut news: Pin<&mut N>,
    read: R,
    time: impl Future<Output = ()>,
) -> Came<N::Output, R::Output> {
    let (mut read, mut time) = (pin!(read), pin!(time));
    poll_fn(|cx| {
        if news_first && let Poll::Ready(news) = news.as_mut().poll(cx) {
            return Poll::Ready(Came::News(news));
        }
        if let Poll::Ready(read) = read.as_mut().poll(cx) {
            return Poll::Ready(Came::Read(read));
        }
        if !news_first && let Poll::Ready(news) = news.as_mut().poll(cx) {
            return Poll::Ready(Came::News(news));
        }
        time.as_mut().poll(cx).map(|()| Came::Time)
    })
    .await
}

#[cfg(test)]
mod tests {
    use core::future::{pending, ready};

    use embassy_futures::block_on;

    use super::*;

    #[test]
    fn whose_turn_it_is_comes_first_and_who_has_nothing_is_passed_over() {
        let none = || pending::<u8>();
        for (news_first, winner) in [(true, Came::News(1)), (false, Came::Read(2))] {
            let came = block_on(first(news_first, pin!(ready(1)), ready(2), ready(())));
            assert_eq!(came, winner);
            let came = block_on(first(news_first, pin!(ready(1)), none(), ready(())));
            assert_eq!(came, Came::News(1));
            let came = block_on(first(news_first, pin!(none()), ready(2), ready(())));
            assert_eq!(came, Came::Read(2));
            let came = block_on(first(news_first, pin!(none()), none(), ready(())));
            assert_eq!(came, Came::Time);
        }
    }
}
