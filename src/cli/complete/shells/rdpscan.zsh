#compdef rdpscan
# Completions of rdpscan for zsh.
# Put this into ~/.zshrc, behind compinit:  source <(rdpscan completions zsh)
# or write it to a file called _rdpscan in a folder of $fpath.
_rdpscan() {
    local kind line value
    local -a asked answer items
    asked=("${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}")
    answer=("${(@f)$(command rdpscan __complete $((CURRENT - 1)) -- "${asked[@]}" 2>/dev/null)}")
    kind=${answer[1]}
    case $kind in
        files|folders)
            compset -P '--*=' || compset -P '@'
            if [[ $kind == folders ]]; then
                _files -/
            else
                _files
            fi
            return
            ;;
    esac
    for line in "${(@)answer[2,-1]}"; do
        value=${line%%$'\t'*}
        value=${value//\\/\\\\}
        value=${value//:/\\:}
        if [[ $line == *$'\t'* ]]; then
            items+=("$value:${line#*$'\t'}")
        else
            items+=("$value")
        fi
    done
    (( $#items )) || return 1
    if [[ $kind == list ]]; then
        _describe -V rdpscan items -S ''
    else
        _describe -V rdpscan items
    fi
}
if [[ $funcstack[1] == _rdpscan ]]; then
    _rdpscan "$@"
else
    compdef _rdpscan rdpscan
fi
