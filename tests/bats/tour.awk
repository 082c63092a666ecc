# Prints the blocks of a document that are marked "tour": with -v n=0 their number, with -v n=3 -v
# kind=sh the third command block, with kind=text what is expected of it (nothing where the block
# isn't followed by one), with kind=name the word behind its mark. In Markdown they are marked
# ```sh tour and ```text tour; those of one back end, "tour postgres", are there with -v
# tables=postgres alone. In a manual page a comment stands before the display: .\" tour sh WORD, or
# .\" tour text; .\" tour root WORD is a block of commands for root, which is kind=root.
function begin(what, word) {
  inside = what
  if (what == "text") return
  count++
  if (kind == "name" && count == n) print word
}
{ is_tour = / tour$/ || $3 == tables && / tour [a-z]+$/ }
/^```sh / && is_tour { begin("sh"); next }
/^```text / && is_tour { begin("text"); next }
/^```/ { inside = ""; next }
$1 == ".\\\"" && $2 == "tour" { marked = $3; word = $4; next }
/^\.Bd / && marked { begin(marked, word); marked = ""; is_page = 1; next }
/^\.Ed/ { inside = ""; next }
inside == kind && count == n {
  # Of the language of the pages: a backslash, and what keeps a dot from being a macro.
  if (is_page) { gsub(/\\&/, ""); gsub(/\\e/, "\\") }
  print
}
END { if (n == 0) print count + 0 }
