$Common += {
    # Runs a program. What it writes as errors is text like the rest; the exit code says whether it failed.
    function global:Invoke-Program {
        param([string] $Program, [string[]] $Words)
        $ErrorActionPreference = 'Continue'
        $Told = (& $Program $Words 2>&1 | ForEach-Object { "$_" }) -join ' '
        [pscustomobject]@{ Code = $LASTEXITCODE; Told = $Told.Trim() }
    }
}
