# Completions of rdpscan for fish.
# Put this into ~/.config/fish/completions/rdpscan.fish:  rdpscan completions fish | source
function __rdpscan_complete
    set -l before (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    # Fish takes an opening quote off before it compares.
    set -l bare (string replace --regex '^["\']' '' -- "$current")
    set -l answer (command rdpscan __complete (count $before) -- $before "$bare" 2>/dev/null)
    switch "$answer[1]"
        case files folders
            # The files of fish itself, with quotes as typed, by way of a command that it does not know.
            set -l front (string match --regex -- '^(?:--[^=]*=|@)' "$current")
            set -l path (string sub --start (math 1 + (string length -- "$front")) -- "$current")
            for found in (complete --do-complete "__rdpscan_file $path")
                if test "$answer[1]" = folders; and not string match --quiet --regex '/(\t|$)' -- "$found"
                    continue
                end
                printf '%s%s\n' "$front" "$found"
            end
        case '*'
            if set -q answer[2]
                printf '%s\n' $answer[2..-1]
            end
    end
end
complete --command rdpscan --no-files --keep-order --arguments '(__rdpscan_complete)'
