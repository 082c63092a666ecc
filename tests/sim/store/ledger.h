// The invariants of the store, looked at whenever something happens that could break one: stock,
// orders, and what the fronts serve. It keeps its own books from what the replicas apply, and
// believes no sum that they give. A broken invariant ends the run.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "repl/state_machine.h"
#include "toys/catalog.h"
#include "toys/orders.h"
#include "wire/json.h"

namespace tandem::sim {

class Ledger {
 public:
  // --- what the replicas apply; an entry comes from every replica that applies it ---
  // `changed`: the toys that it changed, as they are now.
  void catalog_applied(const wire::Entry& entry, const repl::Applied& answer,
                       std::vector<toys::Toy> changed, const toys::Catalog& catalog);
  void orders_applied(const wire::Entry& entry, const repl::Applied& answer,
                      const toys::Orders& orders);

  // --- the fronts ---
  // The answer to the change that was applied at this index leaves the catalog.
  void change_answered(uint64_t index);
  // Whether the entry at this index repeats an earlier one.
  bool repeats(uint64_t index) const { return changes_.at(index).effect != index; }
  // A query that comes in now may not be answered with less than this version.
  uint64_t floor(const std::string& name) const;
  // A query with that floor is answered, with the JSON of a toy; empty: there is none.
  void served(const std::string& name, uint64_t floor, const std::string& body, bool hit) const;

  // A front asks the replicas for a change, because of this request of a client.
  void sent(const std::string& request_id, const std::string& key);
  // A call with this key comes twice.
  void comes_twice(const std::string& key) { doubled_.insert(key); }
  // A front is asked for a purchase, which goes on under this key.
  void purchase_asked(const std::string& key);
  // ... and says that it was not carried out, and will not be.
  void nothing_done(const std::string& key);

  // --- the shoppers ---
  // A purchase is answered for good (200, 404 or 400).
  void purchase_answered(const std::string& key, const toys::Purchase& purchase, uint16_t status,
                         const std::string& body);
  // ... one whose key the front has made.
  void number_told(uint64_t number, const toys::Purchase& purchase);
  // Whatever has this key is answered for good.
  void key_answered(const std::string& key, uint16_t status, const std::string& body);
  // The numbers of orders that somebody was told.
  const std::vector<uint64_t>& told() const { return told_; }
  static uint64_t order_number_in(const std::string& body);
  void order_served(uint64_t number, uint16_t status, const std::string& body) const;

  // --- the end ---
  void check_end(const toys::Catalog& catalog, const toys::Orders& orders) const;
  size_t orders() const { return orders_.size(); }

 private:
  struct Change {  // what an entry of the catalog came to where it was applied first
    std::string payload;
    uint16_t status = 0;
    std::vector<toys::Toy> changed;
    uint64_t effect = 0;  // the index of the entry that it repeats, or its own
  };

  void account(uint64_t index, const Change& change, const wire::Json& command);
  void account_take(const Change& change, const wire::Json& body);
  toys::Toy expect(uint64_t index, const toys::Toy& changed, std::string_view verb,
                   const wire::Json& body) const;
  void open_intent(const wire::Entry& entry, const repl::Applied& answer);
  void close_intent(const wire::Json& result, const toys::Orders& orders);
  void add_order(const toys::IntentId& id, const toys::Orders& orders);

  // Of the catalog.
  std::map<uint64_t, Change> changes_;       // by index
  std::map<std::string, toys::Toy> toys_;    // as they were at the highest index
  std::map<std::string, uint64_t> effects_;  // of keys: where they took effect
  std::map<toys::IntentId, uint64_t> takes_;
  std::map<std::pair<std::string, uint64_t>, std::string> versions_;  // what each version was
  std::map<toys::IntentId, toys::Take> taken_;
  std::map<toys::IntentId, uint16_t> outcomes_;
  std::map<std::string, uint64_t> floors_;

  // Of the fronts.
  std::map<std::string, std::string> keys_;    // by request
  std::set<std::string> doubled_;              // keys
  std::map<std::string, uint64_t> purchases_;  // how often each key was asked for
  std::set<std::string> not_done_;             // keys of purchases

  // Of the orders.
  std::map<uint64_t, std::string> results_;  // by index: the answer, and how many orders then
  std::map<toys::IntentId, toys::Intent> intents_;
  std::map<std::string, toys::IntentId> intent_of_key_;
  std::map<toys::IntentId, uint16_t> closed_;
  std::vector<toys::Intent> orders_;              // by number
  std::map<std::string, std::string> told_keys_;  // what they were answered with
  std::vector<uint64_t> told_;
};

}  // namespace tandem::sim
