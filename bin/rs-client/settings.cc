#include "settings.h"

#include "fetch/url.h"

namespace tandem::client {

namespace {

Status check_url(const std::string& url) {
  const auto base = fetch::base_url(url);
  if (!base) return fail(base.error());
  return {};
}

}  // namespace

void declare_settings(Settings& settings, daemon::SettingTable& table) {
  table.text("users.url", settings.users_url, "where rs-users or a load balancer answers")
      .checked_by(check_url);
  table.text("rides.url", settings.rides_url, "where rs-rides or a load balancer answers")
      .checked_by(check_url);
  table.text("orch.url", settings.orch_url, "where rs-orch answers").checked_by(check_url);
  table.text("store.url", settings.store_url, "where ts-front answers").checked_by(check_url);
  table.duration_ms("request.timeout", settings.timeout_ms,
                    "how long a request may take, with all of its repetitions", 1);
  table.integer("request.concurrency", settings.concurrency, 1, 1024,
                "requests at a time where lines come from standard input");
  table
      .text("request.consistency", settings.consistency,
            "of reads; default leaves it to the service")
      .one_of({"default", "linearizable", "session", "eventual"});
  table
      .text("output.format", settings.format,
            "of data on standard output; auto: pretty on a terminal, else tsv")
      .one_of({"auto", "pretty", "tsv", "json"});
}

void complete_urls(Settings& settings) {
  for (std::string* url :
       {&settings.users_url, &settings.rides_url, &settings.orch_url, &settings.store_url}) {
    *url = fetch::base_url(*url).value();
  }
}

}  // namespace tandem::client
