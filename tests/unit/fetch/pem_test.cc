#include "fetch/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/certificate.h"

namespace tandem::fetch {
namespace {

using support::kCertificate;
using support::kKey;
using support::kKeyWithPassword;
using support::kOtherKey;
using testing::HasSubstr;

std::string problem(const Status& checked) {
  if (checked) return "";
  EXPECT_EQ(checked.error().kind, ErrorKind::kConfig);
  return checked.error().message;
}

TEST(PemTest, AuthoritiesAreCertificatesWithAnyTextBetween) {
  EXPECT_EQ(problem(check_authorities(kCertificate)), "");
  const std::string two =
      std::string("# ours\n") + kCertificate + "\n# and theirs\n" + kCertificate;
  EXPECT_EQ(problem(check_authorities(two)), "");
  for (const char* none : {"", "ca", kKey}) {
    EXPECT_EQ(problem(check_authorities(none)), "it holds no certificate as PEM") << none;
  }
  std::string damaged = two;
  damaged.erase(damaged.size() - 100, 40);
  EXPECT_THAT(problem(check_authorities(damaged)), HasSubstr("damaged"));
}

TEST(PemTest, ACertificateIsOneOfPem) {
  EXPECT_EQ(problem(check_certificate(kCertificate)), "");
  EXPECT_EQ(problem(check_certificate(std::string(kKey) + kCertificate)), "");
  for (const char* none : {"", "cert", kKey}) {
    EXPECT_EQ(problem(check_certificate(none)), "it holds no certificate as PEM") << none;
  }
}

TEST(PemTest, AKeyIsThatOfTheCertificateAndOpen) {
  EXPECT_EQ(problem(check_key(kKey, kCertificate)), "");
  EXPECT_EQ(problem(check_key(std::string(kCertificate) + kKey, kCertificate)), "");
  for (const char* none : {"", "key", kCertificate, kKeyWithPassword}) {
    EXPECT_THAT(problem(check_key(none, kCertificate)), HasSubstr("no private key as PEM")) << none;
  }
  EXPECT_EQ(problem(check_key(kOtherKey, kCertificate)),
            "its private key is not that of the certificate");
}

}  // namespace
}  // namespace tandem::fetch
