#include "tables_declaration.h"

#include <utility>

#include "wire/error_body.h"

namespace tandem::orch {
namespace {

constexpr int64_t kAgainMs = 1000;

}  // namespace

bool TablesDeclaration::due(repl::Epoch epoch, int64_t now_ms) {
  if (epoch == epoch_ || now_ms < not_before_ms_) return false;
  epoch_ = epoch;
  return true;
}

TablesDeclaration::Outcome TablesDeclaration::ended(uint16_t status, std::string_view body,
                                                    int64_t now_ms) {
  if (status == 200) {
    std::string former = std::exchange(trouble_, {});
    if (!std::exchange(refused_, false)) return {};
    return {News::kTroubleOver, std::move(former)};
  }
  if (status < 500) {
    trouble_ = "the declared tables are refused: " +
               wire::error_message_in(body).value_or(std::string(body));
    refused_ = true;
    return {News::kTrouble, trouble_};
  }
  epoch_ = 0;
  not_before_ms_ = now_ms + kAgainMs;
  return {};
}

}  // namespace tandem::orch
