#include "fetch/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/check.h"

namespace tandem::fetch {
namespace {

template <auto free>
struct Freed {
  template <typename T>
  void operator()(T* it) const {
    free(it);
  }
};
void free_infos(STACK_OF(X509_INFO) * infos) { sk_X509_INFO_pop_free(infos, X509_INFO_free); }

using Bytes = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Infos = std::unique_ptr<STACK_OF(X509_INFO), Freed<free_infos>>;

Bytes bytes_of(std::string_view pem) {
  Bytes bytes(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  CHECK(bytes != nullptr);
  return bytes;
}

// Else a person would be asked for it on the terminal.
int no_password(char*, int, int, void*) { return -1; }

Certificate first_certificate(std::string_view pem) {
  return Certificate(PEM_read_bio_X509_AUX(bytes_of(pem).get(), nullptr, no_password, nullptr));
}

// The queue of errors is the thread's: libcurl would tell of what is left there.
Status verdict(bool good, const char* why) {
  ERR_clear_error();
  return good ? Status() : fail(ErrorKind::kConfig, why);
}

}  // namespace

Status check_authorities(std::string_view pem) {
  const Infos infos(PEM_X509_INFO_read_bio(bytes_of(pem).get(), nullptr, no_password, nullptr));
  if (infos == nullptr) return verdict(false, "it is damaged: not all of it is PEM");
  for (int i = 0; i < sk_X509_INFO_num(infos.get()); ++i) {
    if (sk_X509_INFO_value(infos.get(), i)->x509 != nullptr) return verdict(true, "");
  }
  return verdict(false, "it holds no certificate as PEM");
}

Status check_certificate(std::string_view pem) {
  return verdict(first_certificate(pem) != nullptr, "it holds no certificate as PEM");
}

Status check_key(std::string_view pem, std::string_view certificate) {
  const Key key(PEM_read_bio_PrivateKey(bytes_of(pem).get(), nullptr, no_password, nullptr));
  if (key == nullptr) return verdict(false, "it holds no private key as PEM without a password");
  const Certificate of = first_certificate(certificate);
  CHECK(of != nullptr);
  return verdict(X509_check_private_key(of.get(), key.get()) == 1,
                 "its private key is not that of the certificate");
}

}  // namespace tandem::fetch
