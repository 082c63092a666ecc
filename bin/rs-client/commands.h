// The table of commands and the functions behind it, in the files that are named after the groups.
// Each turns the loop of the session until it is done, prints its data, says its errors and gives
// the exit status of the process.
#pragma once

#include <vector>

#include "base/exit_status.h"
#include "command_line.h"

namespace tandem::client {

const std::vector<Command>& command_table();

ExitStatus users_add(Session& session, const Arguments& arguments);
ExitStatus users_rm(Session& session, const Arguments& arguments);
ExitStatus users_ls(Session& session, const Arguments& arguments);

ExitStatus rides_create(Session& session, const Arguments& arguments);
ExitStatus rides_ls(Session& session, const Arguments& arguments);
ExitStatus rides_show(Session& session, const Arguments& arguments);
ExitStatus rides_join(Session& session, const Arguments& arguments);
ExitStatus rides_rm(Session& session, const Arguments& arguments);
ExitStatus rides_count(Session& session, const Arguments& arguments);

ExitStatus areas_ls(Session& session, const Arguments& arguments);

ExitStatus db_tables(Session& session, const Arguments& arguments);
ExitStatus db_schema(Session& session, const Arguments& arguments);
ExitStatus db_read(Session& session, const Arguments& arguments);
ExitStatus db_write(Session& session, const Arguments& arguments);
ExitStatus db_export(Session& session, const Arguments& arguments);
ExitStatus db_import(Session& session, const Arguments& arguments);
ExitStatus db_backup(Session& session, const Arguments& arguments);
ExitStatus db_verify(Session& session, const Arguments& arguments);
ExitStatus db_restore(Session& session, const Arguments& arguments);
ExitStatus db_clear(Session& session, const Arguments& arguments);

ExitStatus workers_ls(Session& session, const Arguments& arguments);
ExitStatus workers_status(Session& session, const Arguments& arguments);
ExitStatus workers_create(Session& session, const Arguments& arguments);
ExitStatus workers_crash(Session& session, const Arguments& arguments);
ExitStatus workers_transfer(Session& session, const Arguments& arguments);
ExitStatus workers_restart(Session& session, const Arguments& arguments);
ExitStatus workers_accept_loss(Session& session, const Arguments& arguments);

ExitStatus toys_ls(Session& session, const Arguments& arguments);
ExitStatus toys_show(Session& session, const Arguments& arguments);
ExitStatus toys_buy(Session& session, const Arguments& arguments);
ExitStatus toys_order(Session& session, const Arguments& arguments);
ExitStatus toys_replicas(Session& session, const Arguments& arguments);
ExitStatus toys_accept_loss(Session& session, const Arguments& arguments);
ExitStatus toys_backup(Session& session, const Arguments& arguments);
ExitStatus toys_verify(Session& session, const Arguments& arguments);
ExitStatus toys_restore(Session& session, const Arguments& arguments);
ExitStatus toys_restock(Session& session, const Arguments& arguments);
ExitStatus toys_price(Session& session, const Arguments& arguments);
ExitStatus toys_add(Session& session, const Arguments& arguments);

ExitStatus shop(Session& session, const Arguments& arguments);

ExitStatus drill(Session& session, const Arguments& arguments);

ExitStatus wait_ready(Session& session, const Arguments& arguments);
ExitStatus show_status(Session& session, const Arguments& arguments);
ExitStatus show_top(Session& session, const Arguments& arguments);
ExitStatus list_history(Session& session, const Arguments& arguments);
ExitStatus watch_events(Session& session, const Arguments& arguments);

}  // namespace tandem::client
