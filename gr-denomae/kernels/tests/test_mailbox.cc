/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <boost/test/unit_test.hpp>
#include <gnuradio/denomae/kernels/mailbox.h>
#include <memory>
#include <thread>

using box = gr::denomae::kernel::mailbox<std::unique_ptr<int>>;
using answer = box::answer;

BOOST_AUTO_TEST_SUITE(mail)

namespace {

std::unique_ptr<int> letter(int text) { return std::make_unique<int>(text); }

std::vector<int> taken(box& from)
{
    std::vector<std::unique_ptr<int>> items;
    from.take(items);
    std::vector<int> texts;
    for (const auto& item : items) {
        texts.push_back(*item);
    }
    return texts;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_is_posted_is_taken_once_in_order)
{
    box mail(8);
    mail.open();
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST((mail.post(mail.current_run(), letter(i)) == answer::taken));
    }
    BOOST_TEST(taken(mail) == std::vector<int>({ 0, 1, 2, 3, 4 }));
    BOOST_TEST(taken(mail).empty());
}

BOOST_AUTO_TEST_CASE(a_full_box_takes_no_more)
{
    box mail(2);
    BOOST_TEST((mail.post(1, letter(0)) == answer::taken));
    BOOST_TEST((mail.post(1, letter(1)) == answer::taken));
    BOOST_TEST((mail.post(1, letter(2)) == answer::full));
    BOOST_TEST(taken(mail).size() == 2u);
    BOOST_TEST((mail.post(1, letter(3)) == answer::taken));
}

BOOST_AUTO_TEST_CASE(mail_for_one_run_never_reaches_another)
{
    box mail(8);
    const auto first = mail.current_run();
    BOOST_TEST((mail.post(first, letter(1)) == answer::taken)); // before it begins
    mail.open();
    BOOST_TEST(mail.current_run() == first);
    BOOST_TEST(taken(mail) == std::vector<int>({ 1 }));
    mail.post(first, letter(2));
    BOOST_TEST(mail.close() == 1u);
    BOOST_TEST((mail.post(first, letter(3)) == answer::over));
    BOOST_TEST((mail.post(first + 1, letter(4)) == answer::taken));
    mail.open();
    BOOST_TEST((mail.post(first, letter(5)) == answer::over));
    BOOST_TEST(taken(mail) == std::vector<int>({ 4 }));
}

BOOST_AUTO_TEST_CASE(many_threads_post_while_one_takes)
{
    constexpr int each = 5000;
    box mail(4 * each);
    mail.open();
    std::vector<std::thread> posts;
    for (int who = 0; who < 4; ++who) {
        posts.emplace_back([&mail, who] {
            for (int i = 0; i < each; ++i) {
                mail.post(1, letter(who * each + i));
            }
        });
    }
    std::vector<int> last(4, -1);
    for (int count = 0; count < 4 * each;) {
        for (int text : taken(mail)) {
            BOOST_REQUIRE(text % each ==
                          last[text / each] + 1); // none lost, each in its order
            last[text / each] = text % each;
            ++count;
        }
    }
    for (auto& post : posts) {
        post.join();
    }
    BOOST_TEST(taken(mail).empty());
}

BOOST_AUTO_TEST_SUITE_END()
