#include "pg/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace tandem::pg {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Conninfo, BothFormsAreRead) {
  for (const char* conninfo :
       {"host=h1 port=5433 dbname=rides user='a b'", "postgresql://a%20b@h1:5433/rides",
        "postgres:///rides?host=h1&port=5433&user=a%20b"}) {
    const auto values = parse_conninfo(conninfo);
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_EQ(value_of(*values, "host"), "h1") << conninfo;
    EXPECT_EQ(value_of(*values, "port"), "5433");
    EXPECT_EQ(value_of(*values, "dbname"), "rides");
    EXPECT_EQ(value_of(*values, "user"), "a b");
    EXPECT_EQ(value_of(*values, "password"), std::nullopt);
  }
}

TEST(Conninfo, TheIdGoesIntoEveryValueOfBothForms) {
  for (const char* conninfo :
       {"host=/run/{id}/pg dbname='rides {id}' options='-c a.b={id}{id}'",
        "postgresql:///rides%20{id}?host=/run/{id}/pg&options=-c%20a.b%3D{id}{id}",
        "postgresql:///rides%20%7Bid%7D?host=/run/{id}/pg&options=-c%20a.b%3D{id}{id}"}) {
    const auto values = parse_conninfo(conninfo);
    ASSERT_TRUE(values) << values.error().message;
    const ConninfoValues made = with_id(*values, 12);
    EXPECT_EQ(value_of(made, "host"), "/run/12/pg") << conninfo;
    EXPECT_EQ(value_of(made, "dbname"), "rides 12");
    EXPECT_EQ(value_of(made, "options"), "-c a.b=1212");
  }
}

TEST(Conninfo, PasswordsAreMasked) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"host=h password=hunter2 dbname=d", "password=*** dbname='d' host='h'"},
      {"password = 'hun\\'ter2'  host=h", "password=*** host='h'"},
      {"postgresql://u:hunter2@h/d", "user='u' password=*** dbname='d' host='h'"},
      {"postgresql://u:hunter%32@h/d", "user='u' password=*** dbname='d' host='h'"},
      {"postgresql://u@h/d?p%61ssword=hunter2", "user='u' password=*** dbname='d' host='h'"},
      {"postgresql://h/d?sslpassword=hunter2", "dbname='d' host='h' sslpassword=***"},
      {"dbname='it''s'", "(malformed)"},
      {"dbname='it\\'s' host=a\\\\b", "dbname='it\\'s' host='a\\\\b'"},
      {"", ""}};
  for (const auto& [conninfo, shown] : cases) {
    EXPECT_EQ(masked_conninfo(conninfo), shown) << conninfo;
  }
}

TEST(Conninfo, AnErrorQuotesNothing) {
  for (const char* conninfo :
       {"password=a hunter2 host=h", "password=a hunter2=3", "host=h password='hunter2",
        "postgresql://u:hunter2@[h/d", "postgresql://u@h/d?hunter2", "postgresql://u:hunter2%@h",
        "postgresql://u@h/d?password=hunter2=3", "password=a hunter\"2 \"hunter2"}) {
    const auto values = parse_conninfo(conninfo);
    ASSERT_FALSE(values) << conninfo;
    EXPECT_EQ(values.error().kind, ErrorKind::kConfig);
    EXPECT_THAT(values.error().message, HasSubstr("malformed conninfo: "));
    EXPECT_THAT(values.error().message, Not(HasSubstr("hunter"))) << conninfo;
    EXPECT_EQ(masked_conninfo(conninfo), "(malformed)");
  }
  EXPECT_FALSE(parse_conninfo(std::string("host=a\0 password=b", 18)));
}

class PasswordFile : public testing::Test {
 protected:
  PasswordFile() { EXPECT_NE(mkdtemp(directory_.data()), nullptr); }
  ~PasswordFile() override {
    unlink(path().c_str());
    rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/password"; }
  Result<std::string> read(const std::string& content, mode_t mode) {
    std::ofstream(path(), std::ios::binary) << content;
    chmod(path().c_str(), mode);
    return read_password_file(path());
  }
  std::string directory_ = testing::TempDir() + "tandem-password-XXXXXX";
};

TEST_F(PasswordFile, ItsOneLineIsThePassword) {
  for (const char* content : {"s3 cret", "s3 cret\n", "s3 cret\r\n"}) {
    const auto password = read(content, 0600);
    ASSERT_TRUE(password) << password.error().message;
    EXPECT_EQ(*password, "s3 cret");
  }
  EXPECT_TRUE(read("x", 0400));
}

TEST_F(PasswordFile, GoesWithAConninfoThatHasNone) {
  ASSERT_TRUE(read("pass{id}", 0600));
  const auto values = operator_conninfo("dbname=d{id}", 3, path());
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(value_of(*values, "dbname"), "d3");
  EXPECT_EQ(value_of(*values, "password"), "pass{id}");
  EXPECT_EQ(value_of(*operator_conninfo("password=x{id}", 3, ""), "password"), "x3");
  for (const std::string& wrong : {std::string("password=x"), std::string("dbname")}) {
    const auto refused = operator_conninfo(wrong, 3, path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kConfig);
  }
}

TEST_F(PasswordFile, OneThatOthersMayReadOrThatIsNoneIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0777U}) {
    const auto password = read("hunter2\n", mode);
    ASSERT_FALSE(password);
    EXPECT_EQ(password.error().kind, ErrorKind::kConfig);
    EXPECT_THAT(password.error().message, HasSubstr("chmod 600"));
    EXPECT_THAT(password.error().message, Not(HasSubstr("hunter2")));
  }
  for (const std::string& content : {std::string(), std::string("\n"), std::string("a\nb\n"),
                                     std::string("a\0b", 3), std::string(1001, 'x')}) {
    const auto password = read(content, 0600);
    ASSERT_FALSE(password) << content;
    EXPECT_EQ(password.error().kind, ErrorKind::kConfig);
  }
  for (const std::string& other : {directory_, directory_ + "/missing", std::string("/dev/null")}) {
    EXPECT_FALSE(read_password_file(other)) << other;
  }
  if (geteuid() == 0) {
    EXPECT_TRUE(read("x", 0600));
    ASSERT_EQ(chown(path().c_str(), 65534, 65534), 0);
    EXPECT_FALSE(read_password_file(path()));
  }
}

}  // namespace
}  // namespace tandem::pg
