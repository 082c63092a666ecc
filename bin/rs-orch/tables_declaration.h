// When the declared tables are given to a master, and what came of it. The schema is replicated
// state: each new master is given it again, which changes nothing where it is the same, and tells
// where it does not fit. Pure: its owner sends what is due and says what was answered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "repl/types.h"

namespace tandem::orch {

class TablesDeclaration {
 public:
  // Whether the open master of this epoch is to be given the tables now. Then ended() follows, once.
  bool due(repl::Epoch epoch, int64_t now_ms);

  // What is worth an event: that they are refused, and that they no longer are.
  enum class News { kNone, kTrouble, kTroubleOver };
  struct Outcome {
    News news = News::kNone;
    std::string text;
  };
  // The status and body that were answered. 500 and more: not now, it is due again a little later,
  // and what was declared to an earlier master holds until then.
  Outcome ended(uint16_t status, std::string_view body, int64_t now_ms);

  // Why the tables are not as declared; empty: they are.
  const std::string& trouble() const { return trouble_; }

 private:
  repl::Epoch epoch_ = 0;  // whose master was given them; 0: none was
  int64_t not_before_ms_ = 0;
  bool refused_ = false;
  std::string trouble_ = "the tables are not declared yet";
};

}  // namespace tandem::orch
