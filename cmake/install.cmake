# Where everything but the programs goes. `make install DESTDIR= PREFIX=` is the usual way here.
set(etc ${CMAKE_INSTALL_FULL_SYSCONFDIR}/tandem)

install(PROGRAMS bin/tandem/tandem DESTINATION ${CMAKE_INSTALL_BINDIR})
install(PROGRAMS share/scripts/supervise.sh share/scripts/probe.sh share/scripts/stop-holders.sh
                 share/scripts/end-former.sh share/scripts/listens.sh share/scripts/in-sync.sh
                 share/scripts/postgres.sh share/scripts/postgres-cluster.sh
                 share/scripts/consul-agent.sh
        DESTINATION share/tandem)
file(GLOB parts CONFIGURE_DEPENDS share/scripts/*.bash)
install(FILES ${parts} DESTINATION share/tandem)

file(GLOB rules CONFIGURE_DEPENDS share/prometheus/*.yml)
install(FILES ${rules} DESTINATION share/tandem/prometheus)
install(FILES share/grafana/tandem.json DESTINATION share/tandem/grafana)

file(GLOB configuration CONFIGURE_DEPENDS etc/*.toml etc/*.cfg etc/*.csv etc/*.hcl)
install(FILES ${configuration} DESTINATION ${etc})
install(DIRECTORY etc/sv DESTINATION ${etc} USE_SOURCE_PERMISSIONS)

file(GLOB units CONFIGURE_DEPENDS etc/systemd/*.service.in)
foreach(unit ${units})
  get_filename_component(name ${unit} NAME_WLE)
  set(TANDEM_BINDIR ${CMAKE_INSTALL_FULL_BINDIR})
  set(TANDEM_ETC ${etc})
  configure_file(${unit} ${PROJECT_BINARY_DIR}/systemd/${name} @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/systemd/${name} DESTINATION lib/systemd/system)
endforeach()
install(FILES etc/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME tandem.conf)

foreach(section 1 5 7 8)
  file(GLOB pages CONFIGURE_DEPENDS man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Completions, made of the programs' own tables of commands and options. A shell that loads them by
# name finds each under the name of its program.
add_executable(completions share/completions/main.cc)
target_link_libraries(completions PRIVATE tandem_daemon)
set_target_properties(completions PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tools)
tandem_warnings(completions)
set(completions ${PROJECT_BINARY_DIR}/completions)
file(MAKE_DIRECTORY ${completions})
set(scripts)
foreach(shell bash zsh fish)
  foreach(program rs-client tandem)
    set(script ${completions}/${program}.${shell})
    if(program STREQUAL tandem)
      add_custom_command(OUTPUT ${script}
        COMMAND ${PROJECT_SOURCE_DIR}/bin/tandem/tandem --help >${script}.help
        COMMAND completions tandem ${shell} <${script}.help >${script}
        DEPENDS completions bin/tandem/tandem)
    else()
      add_custom_command(OUTPUT ${script}
        COMMAND ${program} --completions ${shell} >${script} DEPENDS ${program})
    endif()
    list(APPEND scripts ${script})
  endforeach()
endforeach()
add_custom_target(completion_scripts ALL DEPENDS ${scripts})
add_dependencies(programs completion_scripts)
foreach(program rs-client tandem)
  install(FILES ${completions}/${program}.bash
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program})
  install(FILES ${completions}/${program}.zsh
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _${program})
  install(FILES ${completions}/${program}.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endforeach()

# Beside the programs of the build, so that one directory on PATH is enough to try it.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/bin/tandem/tandem ${PROJECT_BINARY_DIR}/bin/tandem SYMBOLIC)
