#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace tandem {
namespace {

Error error_of(int errno_value) {
  const Status status = fail_errno("cannot open 'x'", errno_value);
  return status.error();
}

TEST(FailErrno, ChoosesTheKindFromErrno) {
  EXPECT_EQ(error_of(ENOSPC).kind, ErrorKind::kNoSpace);
  EXPECT_EQ(error_of(EDQUOT).kind, ErrorKind::kNoSpace);
  EXPECT_EQ(error_of(EACCES).kind, ErrorKind::kPermission);
  EXPECT_EQ(error_of(EPERM).kind, ErrorKind::kPermission);
  EXPECT_EQ(error_of(EROFS).kind, ErrorKind::kPermission);
  EXPECT_EQ(error_of(ENOENT).kind, ErrorKind::kNotFound);
  EXPECT_EQ(error_of(EADDRINUSE).kind, ErrorKind::kBusy);
  EXPECT_EQ(error_of(EAGAIN).kind, ErrorKind::kBusy);
  EXPECT_EQ(error_of(EEXIST).kind, ErrorKind::kCannotCreate);
  EXPECT_EQ(error_of(ENOTDIR).kind, ErrorKind::kCannotCreate);
  EXPECT_EQ(error_of(EIO).kind, ErrorKind::kIo);
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    EXPECT_EQ(error_of(error).kind, ErrorKind::kExhausted);
  }
  EXPECT_EQ(error_of(ENOSPC).message, "cannot open 'x': No space left on device");
}

TEST(ExitStatusOf, GivesEachKindOne) {
  EXPECT_EQ(exit_status_of(ErrorKind::kUsage), ExitStatus::kUsage);
  EXPECT_EQ(exit_status_of(ErrorKind::kBadInput), ExitStatus::kBadInput);
  EXPECT_EQ(exit_status_of(ErrorKind::kTooLarge), ExitStatus::kBadInput);
  EXPECT_EQ(exit_status_of(ErrorKind::kCorrupt), ExitStatus::kBadInput);
  EXPECT_EQ(exit_status_of(ErrorKind::kConflict), ExitStatus::kNo);
  EXPECT_EQ(exit_status_of(ErrorKind::kNotFound), ExitStatus::kNo);
  EXPECT_EQ(exit_status_of(ErrorKind::kUnavailable), ExitStatus::kUnavailable);
  EXPECT_EQ(exit_status_of(ErrorKind::kBusy), ExitStatus::kUnavailable);
  EXPECT_EQ(exit_status_of(ErrorKind::kUnknown), ExitStatus::kTimeout);
  EXPECT_EQ(exit_status_of(ErrorKind::kTimeout), ExitStatus::kTimeout);
  EXPECT_EQ(exit_status_of(ErrorKind::kCannotCreate), ExitStatus::kCannotCreate);
  EXPECT_EQ(exit_status_of(ErrorKind::kIo), ExitStatus::kIo);
  EXPECT_EQ(exit_status_of(ErrorKind::kNoSpace), ExitStatus::kIo);
  EXPECT_EQ(exit_status_of(ErrorKind::kDiskFailed), ExitStatus::kIo);
  EXPECT_EQ(exit_status_of(ErrorKind::kExhausted), ExitStatus::kUnavailable);
  EXPECT_EQ(exit_status_of(ErrorKind::kPermission), ExitStatus::kPermission);
  EXPECT_EQ(exit_status_of(ErrorKind::kConfig), ExitStatus::kConfig);
  EXPECT_EQ(exit_status_of(ErrorKind::kBug), ExitStatus::kBug);
}

TEST(Result, CarriesValueOrError) {
  const Result<int> good = 5;
  EXPECT_EQ(*good, 5);
  const Result<int> bad = fail(ErrorKind::kConflict, "why");
  EXPECT_EQ(bad.error().kind, ErrorKind::kConflict);
  const Result<std::string> passed_on = fail(bad.error());
  EXPECT_EQ(passed_on.error().message, "why");
}

}  // namespace
}  // namespace tandem
