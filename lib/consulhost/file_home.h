// Records in the local files of coord/local.h. The mark of a move is the file `moved` in the root.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consulhost/record_home.h"

namespace tandem::consulhost {

class FileHome final : public RecordHome {
 public:
  explicit FileHome(std::string root) : root_(std::move(root)) {}

  std::string name() const override { return kLocalFiles; }
  Result<std::vector<KeptGroup>> groups() override;
  Status nobody_lives() override;
  Status mark_moved(const std::string& to) override;
  Status begin_move(const std::string& from) override;
  Status put(const KeptGroup& group, const KeptGroup* there) override;
  Status end_move(const std::vector<KeptGroup>& groups) override;

 private:
  Result<std::vector<std::string>> names() const;
  std::string mark() const;
  const std::string root_;
};

}  // namespace tandem::consulhost
