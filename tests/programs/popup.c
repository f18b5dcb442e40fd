/* popup.c - pops up the messages that come for this machine, until one says QUIT. */
#include <stdio.h>
#include <string.h>

#include <netalert.h>

#define MAILSLOT "\\mailslot\\popup"
#define MAXTEXT 128
#define MAXALERT (sizeof(struct std_alert) + MAXTEXT)

static void line(size_t width) {
  putchar('+');
  while (width-- > 0) putchar('-');
  puts("+");
}

static void pop_up(const char* text) {
  line(strlen(text) + 2);
  printf("| %s |\n", text);
  line(strlen(text) + 2);
  fflush(stdout);
}

int main(void) {
  char buffer[MAXALERT + 1];
  unsigned short size;
  unsigned handle, error;

  error = DosMakeMailslot(MAILSLOT, MAXALERT, 0, &handle);
  if (!error) error = NetAlertStart(ALERT_MESSAGE_EVENT, MAILSLOT, MAXALERT);
  if (error) {
    fprintf(stderr, "popup: error %u\n", error);
    return 1;
  }
  puts("ready");
  fflush(stdout);
  for (;;) {
    error = DosReadMailslot(handle, buffer, MAXALERT, &size, NULL, NULL, MAILSLOT_NO_TIMEOUT);
    if (error) break;
    buffer[size] = 0;
    if (strcmp(ALERT_OTHER_INFO(buffer), "QUIT") == 0) break;
    pop_up(ALERT_OTHER_INFO(buffer));
  }
  NetAlertStop(ALERT_MESSAGE_EVENT, MAILSLOT);
  DosDeleteMailslot(handle);
  return error != 0;
}
