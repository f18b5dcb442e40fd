// bench_reader --run FOLDER ...: the reader of subject.json.

#include "alertbroker.hpp"
#include "roles.hpp"

int main(int count, char** words) { bench::reader_main<bench::AlertReader>(count, words); }
