// bench_raiser --run FOLDER ...: the raiser of subject.json.

#include "alertbroker.hpp"
#include "roles.hpp"

int main(int count, char** words) { bench::raiser_main<bench::AlertRaiser>(count, words); }
