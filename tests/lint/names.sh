#!/usr/bin/env bash
# names.sh [SOURCE]: what comments and manual pages name is there. Prints file:line of each name
# that is not, and exits 1 where there is one. Looked at are, in comments of C++ files,
#
#   Class::member, library::Name     the member in a file that has the class, the name in the library
#   function()                       anywhere in code
#   CamelCase, kConstant, snake_case, member_
#                                    anywhere in code or in a string
#   lib/x.h, x.h                     the end of the path of a file
#
# and paths in comments of scripts and in README files; in manual pages functions, types, variables,
# constants, and paths of the source. x, x_… and a stand for any name.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"

files() {
  find lib bin tests share cmake etc man Makefile CMakeLists.txt README.md -type f \
    ! -path 'tests/fuzz/corpus/*' ! -path 'tests/fixtures/*' ! -name '*.csv' | sort
}

# shellcheck disable=SC2016  # the program is for awk
files | awk '
  # What others call so.
  BEGIN {
    split("std testing TigerBeetle pg_stats SplitMix64 RefCount accept_mutex_delay local_address rem_address " \
          "pg_dump sd_notify sysexits uv_listen linux/net.h", words)
    for (i in words) foreign[words[i]] = 1
  }
  { all[++count] = $0; add_path($0) }
  END {
    for (n = 1; n <= count; n++) {
      file = all[n]
      if (file ~ /^man\//) read_page()
      else if (file ~ /\.(h|cc)$/) read_cpp()
      else if (file ~ /\.md$/) read_text()
      else read_script()
    }
    for (m = 1; m <= mentions; m++) look(m)
    exit bad
  }

  # --- what there is ---

  # Every end of a path is a way to name it.
  function add_path(path) {
    while (1) {
      is_path[path] = 1
      if (!match(path, /\//)) return
      path = substr(path, RSTART + 1)
    }
  }
  function learn(code,    n, i, word) {
    n = split(code, word, /[^A-Za-z0-9_]+/)
    for (i = 1; i <= n; i++) {
      if (word[i] == "") continue
      known[word[i]] = 1
      at[file, word[i]] = 1
    }
    if (code !~ /class|struct|enum|union|namespace|using|::/) return
    for (i = 1; i < n; i++) {
      if (word[i] ~ /^(class|struct|enum|union)$/ && word[i + 1] !~ /^(class|struct)$/) {
        place(word[i + 1])
      } else if (word[i] == "using") {
        place(word[i + 1])
      } else if (word[i] == "namespace") {
        place(word[i + 1])
        if (word[i + 1] == "tandem") place(word[i + 2])
      }
    }
    while (match(code, /[A-Za-z0-9_]+::/)) {
      place(substr(code, RSTART, RLENGTH - 2))
      code = substr(code, RSTART + RLENGTH)
    }
  }
  # This file has something of that class or namespace.
  function place(name) {
    if (name == "" || ((name, file) in placed)) return
    placed[name, file] = 1
    places[name] = places[name] " " file
  }

  function read_cpp(    code, text, rest, quoted) {
    line = 0
    while ((getline code <file) > 0) {
      line++
      text = ""
      if (index(code, "//")) {
        rest = code
        gsub(/\\./, "__", rest)
        while (match(rest, /"[^"]*"/)) {  # as long as it was
          quoted = substr(rest, RSTART, RLENGTH)
          gsub(/./, "_", quoted)
          rest = substr(rest, 1, RSTART - 1) quoted substr(rest, RSTART + RLENGTH)
        }
        if (rest ~ /\/\//) {
          match(rest, /\/\//)
          text = substr(code, RSTART + 2)
          code = substr(code, 1, RSTART - 1)
        }
      }
      if (code != "") learn(code)
      if (text != "") mention_all(text, 1)
    }
    close(file)
  }
  function read_script(    text) {
    line = 0
    while ((getline text <file) > 0) {
      line++
      if (text ~ /^[ \t]*#/) mention_all(text, 0)
      else learn(text)
    }
    close(file)
  }
  function read_text(    text) {
    line = 0
    while ((getline text <file) > 0) {
      line++
      mention_all(text, 0)
    }
    close(file)
  }

  # --- what is named ---

  function mention(name, kind) {
    mentions++
    name_of[mentions] = name
    kind_of[mentions] = kind
    file_of[mentions] = file
    line_of[mentions] = line
  }
  function mention_all(text, is_code,    n, i, word, w) {
    if (text !~ /[_.:(]|k[A-Z]/) return
    n = split(text, word, /[^A-Za-z0-9_:.\/()~<>$*-]+/)
    for (i = 1; i <= n; i++) {
      w = word[i]
      if (w ~ /:\/\/|[<>$*]|\.\./) continue
      sub(/^[(.:\/-]+/, "", w)
      sub(/[.:,-]+$/, "", w)
      if (w ~ /^[A-Za-z0-9_.\/-]+\.(h|cc|sh|bats|cmake)[)]*$/) {
        gsub(/[)]/, "", w)
        mention(w, "path")
        continue
      }
      if (w ~ /^(lib|bin|tests|share|cmake)\/[a-z0-9_.\/-]+$/) mention(w, "path")
      if (!is_code || w ~ /[\/.-]/) continue
      if (w ~ /::/) {
        sub(/[()]+.*$/, "", w)
        if (w ~ /^[A-Za-z_][A-Za-z0-9_]*::/) mention(w, "member")
      } else if (w ~ /^[a-z_][a-z0-9_]*\(/) {
        sub(/\(.*/, "", w)
        mention(w, "word")
      } else {
        gsub(/[()]/, "", w)
        if (w ~ /^k[A-Z][A-Za-z0-9]+$/ || w ~ /^[A-Z][a-z0-9]+([A-Z][a-z0-9]+)+$/ || w ~ /^[a-z][a-z0-9]*(_[a-z0-9]+)+_?$/ ||
            w ~ /^[a-z][a-z0-9]+_$/)
          mention(w, "word")
      }
    }
  }
  function read_page(    text, n, i, word) {
    line = 0
    while ((getline text <file) > 0) {
      line++
      n = split(text, word, " ")
      if (word[1] !~ /^\.(Fn|Vt|Va|Pa|Pq|Li|It)$/) continue
      macro = word[1]
      for (i = 2; i <= n; i++) {
        if (word[i] ~ /^(Fn|Vt|Va|Pa|Li)$/) { macro = "." word[i]; continue }
        if (macro ~ /^\.(Fn|Vt|Va)$/ && word[i] ~ /^[A-Za-z]/)
          mention(word[i], word[i] ~ /::/ ? "member" : "word")
        else if (macro == ".Li" && word[i] ~ /^k[A-Z][A-Za-z]+$/) mention(word[i], "word")
        else if (macro == ".Pa" && word[i] !~ /[A-Z]/ &&
                 (word[i] ~ /^(lib|bin|tests|share|cmake)\// || word[i] ~ /\.(h|cc|bash|bats)$/))
          mention(word[i], "path")
      }
    }
    close(file)
  }

  # --- whether it is there ---

  function look(m,    name) {
    name = name_of[m]
    if (name in foreign || name ~ /(^|\/)(x_[a-z]+|[ax])($|\.)/) return
    if (kind_of[m] == "path") {
      sub(/\/+$/, "", name)
      if (name in is_path || is_directory(name)) return
      tell(m, "there is no file")
    } else if (kind_of[m] == "word") {
      if (!(name in known)) tell(m, "nothing is called")
    } else if (!is_member(name)) {
      tell(m, "there is no")
    }
  }
  function is_directory(name,    i, path) {
    if (!directories) {
      directories = 1
      for (i = 1; i <= count; i++) {
        path = all[i]
        while (match(path, /\/[^\/]*$/)) {
          path = substr(path, 1, RSTART - 1)
          has_directory[path] = 1
        }
      }
    }
    return name in has_directory
  }
  # The last two parts: a file has both.
  function is_member(name,    n, part, where, i, k) {
    n = split(name, part, "::")
    if (part[1] in foreign) return 1
    if (part[n] == "") return part[n - 1] in places
    k = split(places[part[n - 1]], where, " ")
    sub(/^~/, "", part[n])
    for (i = 1; i <= k; i++) if ((where[i], part[n]) in at) return 1
    return 0
  }
  function tell(m, why) {
    printf "%s:%d: %s %s\n", file_of[m], line_of[m], why, name_of[m]
    bad = 1
  }'
