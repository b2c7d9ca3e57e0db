# A layer is a folder, a library, and the headers it shows to those that link it; nobody else can
# include them. Its include root holds nothing but a link to the folder: build/layers/nn/nn -> src/nn.

# The headers of `folder`, included as "NAME/...", shown by `target` to those that link it.
function(dcgan_show_headers target name folder)
  set(root ${PROJECT_BINARY_DIR}/layers/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${folder} ${root}/${name} SYMBOLIC)
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${root}>)
endfunction()

# Lets `target` include headers of layers that it does not link, or cannot: dcgan_backend is made of
# code that includes its headers.
function(dcgan_see_headers target)
  foreach(name IN LISTS ARGN)
    target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/layers/${name})
  endforeach()
endfunction()

# dcgan_layer(TARGET SOURCES ... LINK ... USE ...): the layer of the current folder. LINK: what its
# headers include, too, and so shown to those that link it; USE: what its sources alone include.
function(dcgan_layer target)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;USE" ${ARGN})
  get_filename_component(name ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_library(${target} STATIC ${arg_SOURCES})
  dcgan_show_headers(${target} ${name} ${CMAKE_CURRENT_SOURCE_DIR})
  dcgan_see_headers(${target} ${name})
  target_link_libraries(${target} PUBLIC ${arg_LINK} PRIVATE $<BUILD_INTERFACE:dcgan_options> ${arg_USE})
endfunction()
