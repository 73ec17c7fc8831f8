#Requires -Version 5.1
<#
.SYNOPSIS
    @@KEY@@: @@TITLE@@.
.DESCRIPTION
@@CHANGES@@    Made by rdpscan from a saved scan. For every host in the list below it connects by PowerShell remoting, reads how things
    stand, and says what would be changed. It changes something only when -Apply is given, and asks before each host.

    What is interrupted: @@INTERRUPTS@@

    The page remedies\@@KEY@@.md beside this folder says what the remedy is for, how to undo it, and how to check it.
.PARAMETER Apply
    Makes the changes. Without it nothing is changed, as with -WhatIf.
@@READS@@    Made by rdpscan from a saved scan. For every host in the list below it connects by PowerShell remoting, reads how things
    stand, and says what needs a look. It changes nothing: what to do then takes judgement, and the page remedies\@@KEY@@.md
    beside this folder leads through it.
@@UNDO@@.PARAMETER Undo
    A file that an earlier run with -Apply left in the folder logs, such as logs\@@KEY@@-20260131-080000.undo.json: puts back
    what that run found on each host. Wants -Apply, too.
@@ALWAYS@@.PARAMETER ComputerName
    Only these of the hosts in the list, each by what stands there as its Computer or its Address. A host without a sign of
    Windows is contacted only when it is named here.
.PARAMETER Credential
    Connects as somebody else than the current user. Nothing of it is stored.
.PARAMETER UseSSL
    Connects over HTTPS (port 5986). By address, remoting wants -Credential, and either this, with a certificate on the host that
    carries the address, or the address in TrustedHosts.
.PARAMETER LogFolder
    Where the log of this run is written; by default the folder logs beside this script.
.EXAMPLE
    .\@@KEY@@.ps1
@@CHANGES@@    Reads, and says what would be done.
.EXAMPLE
    .\@@KEY@@.ps1 -Apply
    Asks for each host, and does it.
.EXAMPLE
    .\@@KEY@@.ps1 -Apply -Confirm:$false
    Does it without asking.
@@READS@@    Reads, and says what needs a look.
@@ALWAYS@@#>
@@CHANGES@@[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
@@READS@@[CmdletBinding()]
@@ALWAYS@@param(
@@CHANGES@@    [switch] $Apply,
@@UNDO@@    [string] $Undo,
@@ALWAYS@@    [string[]] $ComputerName,
@@PARAMETERS@@    [pscredential] $Credential,
    [switch] $UseSSL,
    [string] $LogFolder
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
@@CHANGES@@
# Nothing is changed unless it is asked for.
if (-not $Apply) { $WhatIfPreference = $true }
@@READS@@
# A session in which these are set would hold the log back, and there is nothing else to hold back.
$WhatIfPreference = $false
$ConfirmPreference = 'None'
@@ALWAYS@@
# Computer: what to connect to. Address: where it was scanned. Expected: the name that the host gave itself during the scan, to be
# sure that it is the same one.
$Hosts = @(
@@HOSTS@@)

# Nothing that these showed says that they are Windows, so they are left alone unless -ComputerName names them.
$Unproven = @(
@@UNPROVEN@@)

# The first of some hosts, and how many more there are.
function Format-Some {
    param([object[]] $Some)
    $Words = @($Some | Select-Object -First 10 | ForEach-Object {
            if ($_.Computer -eq $_.Address) { $_.Computer } else { "$($_.Computer) ($($_.Address))" }
        })
    if ($Some.Count -gt $Words.Count) { $Words += "and $($Some.Count - $Words.Count) more" }
    $Words -join ', '
}

$All = @(@($Hosts) + @($Unproven))
foreach ($Name in $ComputerName) {
    if (@($All | Where-Object { ($_.Computer -eq $Name) -or ($_.Address -eq $Name) }).Count -eq 0) {
        throw "'$Name' is not in the list of this script; name a host as it stands there, by name or by address: $(Format-Some $All)"
    }
}
$Chosen = @(
    if ($ComputerName) { $All | Where-Object { ($ComputerName -contains $_.Computer) -or ($ComputerName -contains $_.Address) } }
    else { $Hosts }
)
@@UNDO@@# The file says which hosts were changed.
if ($Undo -and -not $ComputerName) { $Chosen = $All }
@@ALWAYS@@
$Action = '@@ACTION@@'
$Settings = @{}
# What is sent ahead to a host: functions that read, and functions that change.
$Common = @()
$Means = @()

@@BODY@@
@@UNDO@@$Records = @()
if ($Undo) {
    $Records = @(Get-Content -LiteralPath $Undo -Encoding UTF8 | ForEach-Object { ConvertFrom-Json -InputObject $_ })
    if (@($Records | Where-Object { $_.Remedy -ne '@@KEY@@' }).Count -gt 0) { throw "$Undo does not come from a run of this script" }
}
@@ALWAYS@@if (-not $LogFolder) { $LogFolder = Join-Path -Path $PSScriptRoot -ChildPath 'logs' }
if (-not (Test-Path -LiteralPath $LogFolder)) {
    New-Item -ItemType Directory -Path $LogFolder@@CHANGES@@ -WhatIf:$false -Confirm:$false@@ALWAYS@@ | Out-Null
}
$Log = Join-Path -Path $LogFolder -ChildPath ('@@KEY@@-{0:yyyyMMdd-HHmmss}' -f (Get-Date))
Start-Transcript -LiteralPath "$Log.log"@@CHANGES@@ -WhatIf:$false -Confirm:$false@@ALWAYS@@ | Out-Null

$Results = @()
# Whether a host is gone on with when how it stands cannot be read.
$Unread = $false
try {
@@UNDO@@    $Unread = [bool]$Undo
    foreach ($Record in $Records) {
        if (@($Chosen | Where-Object { ($_.Computer -eq $Record.Computer) -and ($_.Port -eq $Record.Port) }).Count -eq 0) {
            Write-Warning "$($Record.Computer), port $($Record.Port), stands in $Undo, but is not among the hosts of this run: not undone"
        }
    }
@@ALWAYS@@    foreach ($Target in $Chosen) {
@@UNDO@@        $Record = $Records | Where-Object { ($_.Computer -eq $Target.Computer) -and ($_.Port -eq $Target.Port) } | Select-Object -First 1
        if ($Undo -and -not $Record) { continue }
@@ALWAYS@@        $Result = [pscustomobject]@{
            Computer = $Target.Computer
            Port     = $Target.Port
            Identity = 'not compared'
            Status   = 'failed'
            Detail   = ''
            Time     = Get-Date
        }
        $Session = $null
        try {
            $Connection = @{ ComputerName = $Target.Computer; ErrorAction = 'Stop' }
            if ($Credential) { $Connection['Credential'] = $Credential }
            if ($UseSSL) { $Connection['UseSSL'] = $true }
            $Session = New-PSSession @Connection

            $There = Invoke-Command -Session $Session -ScriptBlock { "$($PSVersionTable.PSVersion.Major) $env:COMPUTERNAME" }
            $Version, $Name = ([string]$There).Split(' ')
            if ($Target.Expected) {
                if ($Name -ne $Target.Expected) { throw "another machine answers: $Name instead of $($Target.Expected)" }
                $Result.Identity = "compared: $Name"
            }
            else {
                $Result.Identity = "not compared: it calls itself $Name"
                Write-Warning "$($Target.Computer): identity not compared, for the scan saw no name that it calls itself; $Name answers"
            }
            if ([int]$Version -lt 3) { throw "PowerShell $Version answers, and this script wants 3 or newer there: do it by hand, as the page says" }

            foreach ($Part in $Common) { Invoke-Command -Session $Session -ScriptBlock $Part }
            $Before = $null
            try { $Before = Invoke-Command -Session $Session -ScriptBlock $Check -ArgumentList $Settings }
            catch {
                if (-not $Unread) { throw }
                Write-Warning "$($Target.Computer): how it stands cannot be read, which does not keep it from being put back: $($_.Exception.Message)"
            }
            Write-Host "== $($Target.Computer), identity $($Result.Identity)"
            $Before | Select-Object -Property * -ExcludeProperty Saved, PSComputerName, RunspaceId, PSShowComputerName |
                Format-List | Out-String | Write-Host

@@READS@@            $Result.Status = if ($Before.Needed) { 'needs a look' } else { 'in order' }
            $Result.Detail = $Before.Reason
@@UNDO@@            if ($Undo) {
                $Result.Status = if ($WhatIfPreference) { 'would be undone' } else { 'left alone' }
                $Result.Detail = "put back: $($Record.Saved)"
                if ($PSCmdlet.ShouldProcess("$($Target.Computer), identity $($Result.Identity)", "undo: $Action") -and $Apply) {
                    $Result.Status = 'failed'
                    foreach ($Part in $Means) { Invoke-Command -Session $Session -ScriptBlock $Part }
                    $Result.Detail = [string](Invoke-Command -Session $Session -ScriptBlock $Restore -ArgumentList $Settings, $Record.Saved)
                    $Result.Status = 'undone'
                }
                $Results += $Result
                continue
            }
@@CHANGES@@            if (-not $Before.Needed) {
                $Result.Status = 'nothing to do'
                $Result.Detail = $Before.Reason
            }
            elseif ($PSCmdlet.ShouldProcess("$($Target.Computer), identity $($Result.Identity)", $Action) -and $Apply) {
@@UNDO@@                # What stands today is on disk before anything is changed.
                [pscustomobject]@{
                    Remedy   = '@@KEY@@'
                    Computer = $Target.Computer
                    Port     = $Target.Port
                    Time     = (Get-Date).ToString('o')
                    Saved    = [string]$Before.Saved
                } | ConvertTo-Json -Compress | Add-Content -LiteralPath "$Log.undo.json" -Encoding UTF8 -WhatIf:$false -Confirm:$false
                Write-Host "before: $($Before.Saved)"
@@CHANGES@@                foreach ($Part in $Means) { Invoke-Command -Session $Session -ScriptBlock $Part }
                $Result.Detail = [string](Invoke-Command -Session $Session -ScriptBlock $Change -ArgumentList $Settings)
                $Result.Status = 'done'
            }
            else {
                $Result.Status = if ($WhatIfPreference) { 'would be done' } else { 'left alone' }
                $Result.Detail = $Before.Reason
            }
@@ALWAYS@@        }
        catch {
            $Result.Detail = $_.Exception.Message
            if ($_.FullyQualifiedErrorId -like '*CommandNotFoundException*') {
                $Result.Detail += ' Windows before 8 and Server 2012 does not have every command: do it by hand, as the page says.'
            }
            if (-not $Session -and ($Target.Computer -eq $Target.Address)) {
                $Result.Detail += ' By address, remoting wants -Credential, and the address in TrustedHosts or -UseSSL.'
            }
            Write-Warning "$($Target.Computer): $($Result.Detail)"
        }
        finally {
            if ($Session) { Remove-PSSession -Session $Session@@CHANGES@@ -WhatIf:$false -Confirm:$false@@ALWAYS@@ }
        }
        $Results += $Result
    }
    $Results | Format-Table -AutoSize -Wrap | Out-String | Write-Host
    $Results | Export-Csv -LiteralPath "$Log.csv" -NoTypeInformation -Encoding UTF8@@CHANGES@@ -WhatIf:$false -Confirm:$false@@ALWAYS@@
    if ($Unproven.Count -gt 0 -and -not $ComputerName) {
        $Alone = @($Unproven | Where-Object { $Chosen -notcontains $_ })
        if ($Alone.Count -gt 0) {
            Write-Host "Left alone, for nothing shows that they are Windows: $(Format-Some $Alone). If you know them for Windows machines of your own: .\@@KEY@@.ps1 -ComputerName $(@($Alone | Select-Object -First 10 | ForEach-Object { $_.Computer }) -join ', ')"
        }
    }
@@CHANGES@@    if (-not $Apply) { Write-Host 'Nothing was changed. Run it again with -Apply to make the changes.' }
@@UNDO@@    if (Test-Path -LiteralPath "$Log.undo.json") { Write-Host "To go back: -Undo '$Log.undo.json' -Apply" }
@@ALWAYS@@}
finally {
    # From PowerShell 7.4 on, Stop-Transcript obeys these, too, and what is typed after a dry run must not go into the log. Before, it
    # has no -WhatIf that could be given here.
    $WhatIfPreference = $false
    $ConfirmPreference = 'None'
    Stop-Transcript | Out-Null
}
if (@($Results | Where-Object -Property Status -EQ -Value 'failed').Count -gt 0) { exit 1 }
