/* console_event.exe EVENT MILLISECONDS PROGRAM ARGUMENT...: runs a program in a console of its own, sends it a console event after this
   time (0 CTRL_C, 1 CTRL_BREAK, 2 CTRL_CLOSE, 5 CTRL_LOGOFF, 6 CTRL_SHUTDOWN), and exits with its status. Windows sends an event by a thread
   in the process that runs CtrlRoutine; Wine has that routine too, but sends it CTRL_C alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* Longer than Windows waits for a program whose console was closed. */
#define DEADLINE 5000

int main(int count, char **arguments) {
    static char line[8192];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    DWORD status = 1;
    if (count < 4) return 2;
    for (int i = 3; i < count; i++) {
        if (strlen(line) + strlen(arguments[i]) + 2 > sizeof line) return 2;
        strcat(strcat(line, arguments[i]), " ");
    }
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) return 2;
    Sleep(strtoul(arguments[2], NULL, 10));
    FARPROC routine = GetProcAddress(GetModuleHandleA("kernelbase.dll"), "CtrlRoutine");
    void *event = (void *)(ULONG_PTR)strtoul(arguments[1], NULL, 10);
    if (!routine || !CreateRemoteThread(process.hProcess, NULL, 0, (LPTHREAD_START_ROUTINE)routine, event, 0, NULL)) return 2;
    if (WaitForSingleObject(process.hProcess, DEADLINE) != WAIT_OBJECT_0) {
        TerminateProcess(process.hProcess, 3);
        fprintf(stderr, "the program did not end in time\n");
        return 3;
    }
    GetExitCodeProcess(process.hProcess, &status);
    return (int)status;
}
