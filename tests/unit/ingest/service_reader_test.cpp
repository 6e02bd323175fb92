// What track events say about tickets, surveys and feelings. None of it refuses an event.
#include <gtest/gtest.h>

#include "tests/unit/ingest/fact_text.h"

namespace tributary::testing {
namespace {

TEST(TicketReader, EachActHasItsEvent) {
  EXPECT_EQ(facts_of("ticket_created", R"("ticket_id":"t","ticket_type":"投诉")"), "3.1 t {1=complaint}");
  EXPECT_EQ(facts_of("Ticket Assigned", R"("ticket_id":7,"assignee":"li")"), "3.2 7 {6=li}");
  EXPECT_EQ(facts_of("Ticket First Responded", R"("ticket_id":"t")"), "3.3 t {}");
  EXPECT_EQ(facts_of("Ticket Solved", R"("ticket_id":"t","resolution":"sent again","sentiment":"正面")"),
            "3.4 t {5=1 7=sent again}");
  EXPECT_EQ(facts_of("重开", R"("ticket_id":"t")"), "3.5 t {}");
  EXPECT_EQ(facts_of("Ticket Closed", R"("ticket_id":"t")"), "3.6 t {}");
}

TEST(TicketReader, TakesWhatACreationTells) {
  EXPECT_EQ(facts_of("Ticket Created", R"("ticket_id":"t","ticket_type":"fault","topic":" slow ","severity":"high",
                     "order_id":"o1","sentiment":-0.5,"channel":"phone","colour":"red")"),
            "3.1 t {1=fault 2=slow 3=high 4=o1 5=-0.5 8=phone}");
}

TEST(TicketReader, WithoutWhatItNeedsItSaysNothing) {
  EXPECT_EQ(facts_of("Ticket Created", R"("ticket_id":"t")"), " !16");
  EXPECT_EQ(facts_of("Ticket Created", R"("ticket_id":"t","ticket_type":"wish")"), " !48");
  EXPECT_EQ(facts_of("Ticket Solved", R"("resolution":"none")"), " !16");
  EXPECT_EQ(facts_of("Ticket Solved", R"("ticket_id":"n/a")"), " !16");
  EXPECT_EQ(facts_of("Ticket Solved", R"("ticket_id":"t","sentiment":2)"), "3.4 t {} !32");
  EXPECT_EQ(facts_of("Ticket Solved", R"("ticket_id":")" + std::string(201, 'x') + "\""), " !48");
}

TEST(SurveyReader, ScoresAreWholeNumbersOfTheirScale) {
  EXPECT_EQ(facts_of("Survey Answered", R"("survey_id":"s","kind":"NPS","score":10.0)"), "4.1 s {1=nps 2=10}");
  EXPECT_EQ(facts_of("Survey Answered", R"("survey_id":"s","kind":"nps","score":"0","sentiment":-1)"),
            "4.1 s {1=nps 2=0 3=-1}");
  EXPECT_EQ(facts_of("Survey Answered", R"("survey_id":"s","kind":"questionnaire","answers":{"q":1})"),
            "4.1 s {1=questionnaire}");
  struct Row {
    const char* kind;
    const char* score;
  };
  for (Row row : {Row{"nps", "11"}, {"nps", "-1"}, {"nps", "8.5"}, {"csat", "0"}, {"csat", "6"}, {"ces", "8"}}) {
    EXPECT_EQ(facts_of("Survey Answered",
                       R"("survey_id":"s","kind":")" + std::string(row.kind) + R"(","score":)" + row.score),
              " !48")
        << row.kind << " " << row.score;
  }
  EXPECT_EQ(facts_of("Survey Answered", R"("survey_id":"s","kind":"csat","answers":{})"), " !16");
  EXPECT_EQ(facts_of("Survey Answered", R"("survey_id":"s","kind":"mood","score":1)"), " !48");
}

TEST(SurveyReader, ReviewsCommentsAndMentionsFeel) {
  EXPECT_EQ(facts_of("Product Reviewed", R"("product_id":"p","sentiment":"negative")"), "4.2 web m {3=-1}");
  EXPECT_EQ(facts_of("Post Commented", R"("post_id":"p","sentiment":0.25)"), "4.2 web m {3=0.25}");
  EXPECT_EQ(facts_of("Mention Found", R"("text_ref":"r","sentiment":"neutral")"), "4.2 web m {3=0}");
  EXPECT_EQ(facts_of("Post Commented", R"("post_id":"p")"), "");
}

}  // namespace
}  // namespace tributary::testing
