# Prints the blocks of a Markdown file that are marked "tour" (```sh tour, ```text tour): with
# -v n=0 their number, with -v n=3 -v kind=sh the third command block, with kind=text what is
# expected of it (nothing where the block isn't followed by one). Those of one back end, "tour postgres",
# are there with -v tables=postgres alone.
{ is_tour = / tour$/ || $3 == tables && / tour [a-z]+$/ }
/^```sh / && is_tour { inside = "sh"; count++; next }
/^```text / && is_tour { inside = "text"; next }
/^```/ { inside = ""; next }
inside == kind && count == n { print }
END { if (n == 0) print count + 0 }
