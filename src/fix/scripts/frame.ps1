#Requires -Version 5.1
<#
.SYNOPSIS
    @@KEY@@: @@TITLE@@.
.DESCRIPTION
    Made by rdpscan from a saved scan. For every host in the list below it connects by PowerShell remoting, reads how things
    stand, and says what would be changed. It changes something only when -Apply is given, and asks before each host.

    What is interrupted: @@INTERRUPTS@@

    The page remedies\@@KEY@@.md beside this folder says what the remedy is for, how to undo it, and how to check it.
.PARAMETER Apply
    Makes the changes. Without it nothing is changed, as with -WhatIf.
.PARAMETER ComputerName
    Only these of the hosts in the list.
.PARAMETER Credential
    Connects as somebody else than the current user. Nothing of it is stored.
.PARAMETER UseSSL
    Connects over HTTPS (port 5986). By address, remoting wants this, or the address in TrustedHosts.
.PARAMETER LogFolder
    Where the log of this run is written; by default the folder logs beside this script.
.EXAMPLE
    .\@@KEY@@.ps1
    Reads, and says what would be done.
.EXAMPLE
    .\@@KEY@@.ps1 -Apply
    Asks for each host, and does it.
.EXAMPLE
    .\@@KEY@@.ps1 -Apply -Confirm:$false
    Does it without asking.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param(
    [switch] $Apply,
    [string[]] $ComputerName,
@@PARAMETERS@@    [pscredential] $Credential,
    [switch] $UseSSL,
    [string] $LogFolder
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Nothing is changed unless it is asked for.
if (-not $Apply) { $WhatIfPreference = $true }

# Computer: what to connect to. Expected: the name that the host gave itself during the scan, to be sure that it is the same one.
$Hosts = @(
@@HOSTS@@)

foreach ($Name in $ComputerName) {
    if (@($Hosts | ForEach-Object { $_.Computer }) -notcontains $Name) { throw "$Name is not in the list of this script" }
}

$Action = '@@ACTION@@'
$Settings = @{}

@@BODY@@
$Here = $PSScriptRoot
if (-not $LogFolder) { $LogFolder = Join-Path -Path $Here -ChildPath 'logs' }
if (-not (Test-Path -LiteralPath $LogFolder)) {
    New-Item -ItemType Directory -Path $LogFolder -WhatIf:$false -Confirm:$false | Out-Null
}
$Log = Join-Path -Path $LogFolder -ChildPath ('@@KEY@@-{0:yyyyMMdd-HHmmss}' -f (Get-Date))
Start-Transcript -LiteralPath "$Log.log" -WhatIf:$false -Confirm:$false | Out-Null

$Results = @()
try {
    foreach ($Target in $Hosts) {
        if ($ComputerName -and ($ComputerName -notcontains $Target.Computer)) { continue }
        $Result = [pscustomobject]@{
            Computer = $Target.Computer
            Port     = $Target.Port
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

            $Name = Invoke-Command -Session $Session -ScriptBlock { $env:COMPUTERNAME }
            if ($Target.Expected -and ($Name -ne $Target.Expected)) {
                throw "another machine answers: $Name instead of $($Target.Expected)"
            }

            $Before = Invoke-Command -Session $Session -ScriptBlock $Check -ArgumentList $Settings
            Write-Host "== $($Target.Computer)"
            $Before | Select-Object -Property * -ExcludeProperty PSComputerName, RunspaceId, PSShowComputerName |
                Format-List | Out-String | Write-Host

            if (-not $Before.Needed) {
                $Result.Status = 'nothing to do'
                $Result.Detail = $Before.Reason
            }
            elseif ($PSCmdlet.ShouldProcess($Target.Computer, $Action) -and $Apply) {
                $Result.Detail = [string](Invoke-Command -Session $Session -ScriptBlock $Change -ArgumentList $Settings)
                $Result.Status = 'done'
            }
            else {
                $Result.Status = if ($Apply) { 'left alone' } else { 'would be done' }
                $Result.Detail = $Before.Reason
            }
        }
        catch {
            $Result.Detail = $_.Exception.Message
            Write-Warning "$($Target.Computer): $($_.Exception.Message)"
        }
        finally {
            if ($Session) { Remove-PSSession -Session $Session -WhatIf:$false -Confirm:$false }
        }
        $Results += $Result
    }
    $Results | Format-Table -AutoSize -Wrap | Out-String | Write-Host
    $Results | Export-Csv -LiteralPath "$Log.csv" -NoTypeInformation -Encoding UTF8 -WhatIf:$false -Confirm:$false
    if (-not $Apply) { Write-Host 'Nothing was changed. Run it again with -Apply to make the changes.' }
}
finally {
    Stop-Transcript | Out-Null
}
if (@($Results | Where-Object -Property Status -EQ -Value 'failed').Count -gt 0) { exit 1 }
