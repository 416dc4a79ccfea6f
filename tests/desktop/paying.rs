//! Real money's way from the window: a page to pay on in the system's browser, and back by the link, or by hand.

use crate::{
    app::App,
    outside::{self, Outside},
    papers,
    path::{CODE, buy_two_seats, choose_theater, reference_in},
    world::World,
};
use matinee_tests::{Caller, stripe::Stripe, stripe_news};

const SECRET: &str = "whsec_of_the_test";
const OPEN: &str = "//button[normalize-space(.)='Open the payment page']";
const ELSEWHERE: &str = "//h2[normalize-space(.)='Finish on the payment page']";

/// A server that takes real money, as far as it goes without any; and what pays.
fn house() -> (World, Stripe) {
    let stripe = Stripe::start().unwrap();
    let mut world = World::without_server();
    world.start_server_with(vec![
        "MATINEE_GATEWAY=stripe".into(),
        format!("MATINEE_STRIPE_API={}", stripe.url()),
        "MATINEE_STRIPE_SECRET_KEY=sk_test_of_the_test".into(),
        format!("MATINEE_STRIPE_WEBHOOK_SECRET={SECRET}"),
    ]);
    (world, stripe)
}

/// Stripe's message that the page opened last was paid.
async fn told_paid(world: &World, stripe: &Stripe) {
    let pages = stripe.pages();
    let id = pages.last().expect("there is a page");
    let event = stripe_news::completed(&format!("evt_{id}"), &stripe.page(id));
    let server = Caller::new(&world.url());
    let answer = stripe_news::tell(&server, SECRET, event).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
}

#[tokio::test]
#[ignore = "needs a desktop: cargo xtask test --only desktop"]
async fn a_page_in_the_browser_is_paid_and_the_window_has_the_tickets() {
    let (world, stripe) = house();
    let browser = Outside::new();
    let (path, url) = (browser.path(), world.url());
    let variables = [("PATH", path.as_str()), ("MATINEE_SERVER", url.as_str())];
    let mut app = App::start_with(&world, "12-paying", &variables).await;
    choose_theater(&mut app).await;

    let total = brought_back_by_the_link(&mut app, &world, &stripe, &browser).await;
    let reference = reference_in(&app.text().await).expect("the reference is shown");
    papers::receipt(&app, &browser, 2, &reference, &total).await;
    papers::calendar(&app, &browser, 3).await;

    app.click("//nav//a[normalize-space(.)='Discover']").await;
    refused_and_come_back_by_hand(&mut app, &world, &stripe, &browser).await;
    let books = stripe.all_books();
    assert_eq!((books.charges, books.held, books.refunds), (2, 0, 0));
    app.close().await;
}

/// The person goes on in the browser, and the app is elsewhere when the link comes.
async fn brought_back_by_the_link(
    app: &mut App,
    world: &World,
    stripe: &Stripe,
    browser: &Outside,
) -> String {
    let total = buy_two_seats(app).await;
    app.see(ELSEWHERE).await;
    app.picture("elsewhere").await;
    app.click(OPEN).await;
    let page = browser.opened(1).await;
    assert!(page.starts_with(&world.url()), "{page}");
    app.click("//nav//a[normalize-space(.)='Theaters']").await;
    app.see("//main//ul//li").await;
    let steps = ["click:Pay", "see:Back to your booking"];
    let seen = outside::person(&page, &steps, "12-paying-browser-paid");
    assert!(seen.url.ends_with("/paid"), "{}", seen.url);
    assert_eq!(app.count(CODE).await, 0, "the app is elsewhere");
    // Back before the server has heard of it: the window does not say that nothing was paid.
    outside::follow(seen.link_of_app(), world.data());
    app.see("//h2[normalize-space(.)='Waiting for your payment']")
        .await;
    app.picture("waiting").await;
    told_paid(world, stripe).await;
    app.see(CODE).await;
    app.picture("brought-back").await;
    assert_eq!(app.count(CODE).await, 2);
    total
}

/// The bank says no, the browser is closed, and the person is back without any link: the window waits with them. The page
/// is opened again and paid; the window finds out by itself.
async fn refused_and_come_back_by_hand(
    app: &mut App,
    world: &World,
    stripe: &Stripe,
    browser: &Outside,
) {
    buy_two_seats(app).await;
    app.click(OPEN).await;
    let page = browser.opened(4).await;
    let steps = [
        "click:Pay with a bad card",
        "see:Your card was declined.",
        "click:Back",
        "see:Back to your booking",
    ];
    outside::person(&page, &steps, "12-paying-browser-refused");
    app.see(ELSEWHERE).await;
    app.click(OPEN).await;
    let again = browser.opened(5).await;
    assert_eq!(again, page);
    assert_eq!(app.count(CODE).await, 0);
    outside::person(
        &again,
        &["click:Pay", "see:Back to your booking"],
        "12-paying-browser-again",
    );
    // Nothing is pressed and no link followed.
    told_paid(world, stripe).await;
    app.see(CODE).await;
    app.picture("found-out").await;
    assert!(browser.opened_only(5));
}
