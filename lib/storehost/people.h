// Who runs a process of the toy store (store/surroundings.h) reads its log.
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/log.h"
#include "store/surroundings.h"

namespace tandem::storehost {

class People final : public store::Operator {
 public:
  void tell(log::Level level, std::string_view text,
            std::initializer_list<log::Field> fields) override {
    log::write(level, text, fields);
  }
};

}  // namespace tandem::storehost
