# Where everything but the programs goes. `make install DESTDIR= PREFIX=` is the usual way here.
set(etc ${CMAKE_INSTALL_FULL_SYSCONFDIR}/tandem)

install(PROGRAMS bin/tandem/tandem DESTINATION ${CMAKE_INSTALL_BINDIR})
install(PROGRAMS share/scripts/supervise.sh share/scripts/probe.sh share/scripts/stop-holders.sh
                 share/scripts/end-former.sh share/scripts/listens.sh share/scripts/in-sync.sh
        DESTINATION share/tandem)
file(GLOB parts CONFIGURE_DEPENDS share/scripts/*.bash)
install(FILES ${parts} DESTINATION share/tandem)

file(GLOB configuration CONFIGURE_DEPENDS etc/*.toml etc/*.cfg etc/*.csv)
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

# Beside the programs of the build, so that one directory on PATH is enough to try it.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/bin/tandem/tandem ${PROJECT_BINARY_DIR}/bin/tandem SYMBOLIC)
